import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseInstantOrMonth } from "../../../src/data/columns/instant.ts";
import { countRows } from "../../../src/data/splits/count-rows.ts";
import type { Dataset, DateOrder } from "../../../src/domain/datasets/dataset.ts";
import { splitTimes } from "../../../src/domain/jobs/spec/rows/split-times.ts";
import { datasetOf, jobSpec } from "../csv-fixtures.ts";

import { errorOf, openOf, type Rows, split, table } from "./split-rows-of.ts";

describe("rows without a label", () => {
  test("are in no split, whatever splits the others", async () => {
    const csv = table(Array.from({ length: 60 }, (_, i) => [i, `g${i % 12}`, i % 7 === 3 ? "" : i * 2]));
    const unlabelled = Array.from({ length: 60 }, (_, i) => i).filter((i) => i % 7 === 3);
    for (const by of [{}, { by: "g" }, { time: "x" }]) {
      const { rows } = await split(csv, { split: { ...by, validation: 0.2, test: 0.2 } });
      const all = [...rows.train, ...rows.validation, ...rows.test].sort((a, b) => a - b);
      expect(all).toEqual(Array.from({ length: 60 }, (_, i) => i).filter((i) => !unlabelled.includes(i)));
      expect(Math.min(rows.validation.length, rows.test.length)).toBeGreaterThan(4);
    }
  });

  test("are in no fold", async () => {
    const csv = table(Array.from({ length: 40 }, (_, i) => [i, `g${i % 8}`, i % 5 === 0 ? "" : `c${i % 3}`]));
    const task = { type: "classification", label: "y" } as const;
    for (const by of [{}, { by: "g" }]) {
      const { folds } = await split(csv, { crossValidation: { folds: 4, ...by } }, task);
      const held = folds.flatMap(({ test: own }) => own).sort((a, b) => a - b);
      expect(held).toEqual(Array.from({ length: 40 }, (_, i) => i).filter((i) => i % 5 !== 0));
    }
  });
});

describe("a split by groups", () => {
  const grouped = fc.record({
    groups: fc.array(fc.nat(11), { minLength: 30, maxLength: 120 }).filter((groups) => new Set(groups).size >= 6),
    validation: fc.constantFrom(0, 0.2),
    seed: fc.nat(1000),
  });

  test("shares no group between its sides, nor do the folds within it", async () => {
    await fc.assert(
      fc.asyncProperty(grouped, async ({ groups, validation, seed }) => {
        const csv = table(groups.map((group, i) => [i, `g${group}`, i * i]));
        const of = (rows: readonly number[]): Set<number> => new Set(rows.map((row) => groups[row]!));
        const apart = ({ train, validation: valid, test: held }: Rows): void => {
          expect([...of(train)].every((group) => !of(valid).has(group))).toBe(true);
          expect([...of(held)].every((group) => !of(train).has(group) && !of(valid).has(group))).toBe(true);
        };
        const by = { by: "g", validation, test: 0.25 };
        const { rows, spec } = await split(csv, { seed, split: by });
        apart(rows);
        expect(rows.test.length).toBeGreaterThan(0);
        expect(rows.train.length + rows.validation.length + rows.test.length).toBe(groups.length);
        expect(spec.task.features).toEqual(["x"]);
        const {
          rows: whole,
          folds,
          spec: folded,
        } = await split(csv, {
          ...{ seed, split: by, crossValidation: { folds: 2 } },
        });
        expect(folded.training.crossValidation?.by).toBe("g");
        expect(whole).toEqual(rows);
        const held = folds.flatMap((fold) => {
          apart(fold);
          expect([...fold.train, ...fold.validation, ...fold.test].filter((row) => rows.test.includes(row))).toEqual(
            [],
          );
          return fold.test;
        });
        expect(held.sort((a, b) => a - b)).toEqual([...rows.train, ...rows.validation].sort((a, b) => a - b));
      }),
      { numRuns: 20 },
    );
  });

  test("comes as near to the shares as whole groups allow, differs from seed to seed, and takes any number of groups", async () => {
    const csv = table(Array.from({ length: 3000 }, (_, i) => [i, `patient ${i >> 1}`, i % 10]));
    const { rows } = await split(csv, { split: { by: "g", validation: 0.1, test: 0.2 } });
    expect([rows.train.length, rows.validation.length, rows.test.length]).toEqual([2100, 300, 600]);
    const other = await split(csv, { seed: 7, split: { by: "g", validation: 0.1, test: 0.2 } });
    expect(other.rows.test).not.toEqual(rows.test);
    // The test rows stay when the validation share changes: the final job of a study counts on it.
    const without = await split(csv, { split: { by: "g", validation: 0, test: 0.2 } });
    expect(without.rows.test).toEqual(rows.test);
  });

  test("is refused where the groups are too few, unknown, or other than those of the folds", async () => {
    const csv = table(Array.from({ length: 20 }, (_, i) => [i, `g${i % 2}`, i]));
    expect(await errorOf(csv, { split: { by: "g", validation: 0.2 } })).toMatchObject({
      pointer: "/training/split/by",
      detail: expect.stringMatching(/2 values, too few for 3 splits/) as string,
    });
    expect((await errorOf(csv, { split: { by: "gg" } })).detail).toMatch(/no column "gg"; did you mean "g"/);
    expect((await errorOf(csv, { split: { by: "y" } })).detail).toMatch(/is the label/);
    expect((await errorOf(csv, { split: { by: "g", time: "x" } })).pointer).toBe("/training/split/time");
    const folds = { split: { by: "g" }, crossValidation: { folds: 2, by: "x" } };
    expect((await errorOf(csv, folds)).pointer).toBe("/training/crossValidation/by");
    const gaps = table(Array.from({ length: 20 }, (_, i) => [i, i === 4 ? "" : `g${i % 5}`, i]));
    expect((await errorOf(gaps, { split: { by: "g" } })).detail).toMatch(/^1 rows? (has|have) no "g"/);
  });
});

describe("a split by time", () => {
  const times = fc.array(fc.nat(30), { minLength: 20, maxLength: 100 }).filter((all) => new Set(all).size > 4);
  const day = (n: number): string => new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10);

  test("tests on the latest rows and validates on those before, never parting rows of one time", async () => {
    await fc.assert(
      fc.asyncProperty(times, fc.boolean(), async (days, asDates) => {
        const csv = table(days.map((n, i) => [i, asDates ? day(n) : n, i * 3]));
        const { rows, spec } = await split(csv, { split: { time: "g", validation: 0.2, test: 0.3 } });
        const latest = (of: readonly number[]): number => Math.max(...of.map((row) => days[row]!));
        const first = (of: readonly number[]): number => Math.min(...of.map((row) => days[row]!));
        expect(rows.test.length).toBeGreaterThan(0);
        expect(latest(rows.train)).toBeLessThan(first([...rows.validation, ...rows.test]));
        if (rows.validation.length > 0) expect(latest(rows.validation)).toBeLessThan(first(rows.test));
        expect(spec.task.features).toEqual(["x"]);
      }),
      { numRuns: 30 },
    );
  });

  test("has the shares that were asked for where times differ, of more rows than are looked at too", () => {
    const stretches = Array.from({ length: 100 }, (_, from) => ({ from, rows: 10 }));
    expect(splitTimes(stretches, { validation: 0.1, test: 0.25 })).toEqual({
      ...{ testFrom: 75, validationFrom: 65, sizes: { train: 650, validation: 100, test: 250 } },
    });
    expect(splitTimes(stretches, { validation: 0, test: 0 })).toMatchObject({
      testFrom: Number.POSITIVE_INFINITY,
      sizes: { train: 1000, validation: 0, test: 0 },
    });
  });

  test("of 6000 different times parts them within a stretch", async () => {
    const csv = table(Array.from({ length: 6000 }, (_, i) => [i, (i * 1237) % 6000, i]));
    const { rows } = await split(csv, { split: { time: "g", validation: 0, test: 0.2 } });
    expect(Math.abs(rows.test.length - 1200)).toBeLessThan(3);
    expect(Math.min(...rows.test.map((i) => (i * 1237) % 6000))).toBe(6000 - rows.test.length);
  });

  test("names the line of what is no time, and refuses folds and one time alone", async () => {
    const csv = table(Array.from({ length: 20 }, (_, i) => [i, i === 6 ? "soon" : day(i), i]));
    expect(await errorOf(csv, { split: { time: "g" } })).toEqual({
      code: "unprocessable",
      pointer: "/training/split/time",
      detail: expect.stringMatching(
        /^line 8 has "soon" in "g", which is no date or time; write them as ISO 8601/,
      ) as string,
      message: expect.stringMatching(/^\/training\/split\/time: line 8/) as string,
    });
    const fine = table(Array.from({ length: 20 }, (_, i) => [i, day(i), i]));
    expect((await errorOf(fine, { split: { time: "g" }, crossValidation: { folds: 3 } })).detail).toMatch(/older/);
    const same = table(Array.from({ length: 20 }, (_, i) => [i, day(3), i]));
    expect((await errorOf(same, { split: { time: "g" } })).detail).toMatch(/same time/);
  });

  test("reads dates and times in forms that mean one thing", () => {
    const ms = (text: string): number | null => {
      const instant = parseInstantOrMonth(text);
      return instant && 1000 * instant.seconds + instant.nanos / 1e6;
    };
    const cases: [string, number][] = [
      ["2026-03-29", Date.UTC(2026, 2, 29)],
      ["2026-03", Date.UTC(2026, 2, 1)],
      ["2026-03-29T01:30:00.5+01:00", Date.UTC(2026, 2, 29, 0, 30, 0, 500)],
      ["2026-03-29 01:30", Date.UTC(2026, 2, 29, 1, 30)],
      ["0099-12-31T23:59:59Z", Date.parse("0099-12-31T23:59:59Z")],
      ["2024-02-29T00:00:00-0530", Date.UTC(2024, 1, 29, 5, 30)],
      ["20260329T013000Z", Date.UTC(2026, 2, 29, 1, 30)],
      ["2026/3/9", Date.UTC(2026, 2, 9)],
      ["29.3.2026 07:05", Date.UTC(2026, 2, 29, 7, 5)],
      ["29-Mar-2026", Date.UTC(2026, 2, 29)],
      ["March 29, 2026", Date.UTC(2026, 2, 29)],
      ["Sun, 29 Mar 2026 01:30:00 GMT", Date.UTC(2026, 2, 29, 1, 30)],
    ];
    for (const [text, time] of cases) expect(ms(text), text).toBe(time);
    const none = [
      "2026-02-29",
      "2026-13-01",
      "2026-03-29T25:00",
      "2026-3-9",
      "20260329",
      "03/04/2026",
      "29 Foo 2026",
      "",
    ];
    for (const text of [...none, "now", "May 2026"]) expect(ms(text), text).toBeNull();
  });

  test("reads day and month in the order that is stated, and other forms as ever", () => {
    const iso = (text: string, order: DateOrder): string | null => {
      const instant = parseInstantOrMonth(text, order);
      return instant && new Date(1000 * instant.seconds).toISOString().slice(0, 16);
    };
    const cases: [text: string, dayFirst: string | null, monthFirst: string | null][] = [
      ["03/04/2026", "2026-04-03T00:00", "2026-03-04T00:00"],
      [" 3-4-2026 ", "2026-04-03T00:00", "2026-03-04T00:00"],
      ["29/03/2026 14:05", "2026-03-29T14:05", null],
      ["03/29/2026 14:05", null, "2026-03-29T14:05"],
      ["3/4/2026 1:30:00+01:00", "2026-04-03T00:30", "2026-03-04T00:30"],
      ["29/02/2026", null, null],
      ["31/31/2026", null, null],
      ["03/04/26", null, null],
      ["03/04-2026", null, null],
      ["03/04/20261", null, null],
      ["03.04.2026", "2026-04-03T00:00", "2026-04-03T00:00"],
      ["2026/3/4", "2026-03-04T00:00", "2026-03-04T00:00"],
      ["2026-03", "2026-03-01T00:00", "2026-03-01T00:00"],
      ["4 Mar 2026", "2026-03-04T00:00", "2026-03-04T00:00"],
    ];
    for (const [text, ...times] of cases)
      expect([iso(text, "day_first"), iso(text, "month_first")], text).toEqual(times);
  });

  test("by times a nanosecond apart, and by counts of nanoseconds that no float holds", async () => {
    const rowsOf = (timeOf: (i: number) => string): string =>
      table(Array.from({ length: 20 }, (_, i) => [i, timeOf(i), i]));
    const fine = rowsOf((i) => `2026-03-29T01:30:00.0000000${String(10 + i)}Z`);
    const { rows } = await split(fine, { split: { time: "g", test: 0.2 } });
    expect(rows.test).toEqual([16, 17, 18, 19]);
    const counts = rowsOf((i) => String(1_767_225_600_000_000_000n + BigInt(i)));
    expect((await split(counts, { split: { time: "g", test: 0.2 } })).rows.test).toEqual([16, 17, 18, 19]);
    const mixed = rowsOf((i) => (i === 7 ? "2026-03-29" : String(1_767_225_600_000_000_000n + BigInt(i))));
    expect((await errorOf(mixed, { split: { time: "g" } })).detail).toMatch(/line 9 has "2026-03-29"/);
  });
});

describe("a split by a column", () => {
  const rowsOf = (words: readonly string[]): string => table(words.map((word, i) => [i, word, i]));

  test("does what the column says, in any case or in words stated", async () => {
    const words = Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? "Test" : i % 5 === 0 ? "val" : "TRAIN"));
    const { rows, spec } = await split(rowsOf(words), { split: { column: "g" } });
    expect(rows.test).toEqual(words.flatMap((word, i) => (word === "Test" ? [i] : [])));
    expect(rows.validation).toEqual(words.flatMap((word, i) => (word === "val" ? [i] : [])));
    expect(spec.training.split).toMatchObject({ test: 10 / 30, validation: rows.validation.length / 30 });
    expect(spec.task.features).toEqual(["x"]);
    const stated = await split(rowsOf(words.map((word) => `${word}!`)), {
      split: { column: "g", values: { train: ["TRAIN!", "val!"], test: ["Test!"] } },
    });
    expect(stated.rows.test).toEqual(rows.test);
    expect(stated.rows.train).toHaveLength(20);
  });

  test("draws a share to validate where the column names none, and with 0 trains on what it names", async () => {
    const words = Array.from({ length: 100 }, (_, i) => (i >= 80 ? "t10k" : "train"));
    const drawn = await split(rowsOf(words), { split: { column: "g", validation: 0.1 } });
    expect([drawn.rows.train.length, drawn.rows.validation.length, drawn.rows.test.length]).toEqual([70, 10, 20]);
    expect(Math.min(...drawn.rows.test)).toBe(80);
    const named = words.map((word, i) => (i < 10 ? "valid" : word));
    const all = await split(rowsOf(named), { split: { column: "g", validation: 0 } });
    expect([all.rows.train.length, all.rows.validation.length]).toEqual([80, 0]);
  });

  test("keeps its test rows out of every fold", async () => {
    const words = Array.from({ length: 50 }, (_, i) => (i % 5 === 0 ? "test" : "train"));
    const { folds } = await split(rowsOf(words), { split: { column: "g" }, crossValidation: { folds: 4 } });
    const held = folds.flatMap(({ test: own }) => own).sort((a, b) => a - b);
    expect(held).toEqual(words.flatMap((word, i) => (word === "train" ? [i] : [])));
  });

  test("is refused where a value names no split, or a share contradicts it", async () => {
    const words = Array.from({ length: 20 }, (_, i) => (i === 3 ? "maybe" : i % 4 === 0 ? "test" : "train"));
    expect(await errorOf(rowsOf(words), { split: { column: "g" } })).toMatchObject({
      pointer: "/training/split/column",
      detail: expect.stringMatching(/"g" has "maybe", which names no split; state the words in values/) as string,
    });
    const plain = words.map((word) => (word === "maybe" ? "train" : word));
    expect((await errorOf(rowsOf(plain), { split: { column: "g", test: 0.5 } })).pointer).toBe("/training/split/test");
    expect((await errorOf(rowsOf(plain), { split: { values: { test: ["a"] } } })).pointer).toBe(
      "/training/split/values",
    );
  });
});

test("jobs that split at random get their data set back uncounted, and no file is opened", async () => {
  const csv = table(Array.from({ length: 20 }, (_, i) => [i, `g${i % 4}`, i]));
  const plain: Dataset = await datasetOf(openOf(csv));
  const asked = jobSpec({ task: { type: "regression", label: "y" } });
  const never = () => {
    throw new Error("the file was opened");
  };
  expect(await countRows(asked, plain, never)).toBe(plain);
  // Groups that the manifest lists need no pass either.
  const byGroup = jobSpec({ task: { type: "regression", label: "y" }, training: { split: { by: "g" } } });
  expect((await countRows(byGroup, plain, never)).counted?.groups?.map(({ count }) => count)).toEqual([5, 5, 5, 5]);
});
