import { describe, expect, test } from "vitest";
import type { ColumnType } from "../../../src/domain/datasets/dataset.ts";
import { datasetOf, streamOf } from "../csv-fixtures.ts";

const column = async (cells: readonly string[], type?: ColumnType) => {
  const csv = `v,other\n${cells.map((cell, i) => `"${cell}",${i}`).join("\n")}\n`;
  const { columns } = await datasetOf(() => streamOf(csv, 4096), "d", type === undefined ? {} : { v: type });
  return columns[0]!;
};

const day = (i: number, from = Date.UTC(2024, 0, 1)): string =>
  new Date(from + i * 86_400_000).toISOString().slice(0, 10);
const days = (count: number, step = 1): string[] => Array.from({ length: count }, (_, i) => day(i * step));

describe("dates", () => {
  test("for the most part are told, with the first cell that is none", async () => {
    const notes = async (cells: readonly string[]) => (await column(cells)).notes;
    const dates = [...days(75), ...days(75)];
    expect(await notes([...dates.slice(0, 5), "2026-02-30", ...dates.slice(5), "unknown"])).toEqual([
      {
        code: "mostly_dates",
        message: expect.stringMatching(/^150 of 152 cells are dates, but not "2026-02-30" in line 7, so they are read/),
      },
    ]);
    expect((await notes(["unknown", ...dates]))?.[0]?.message).toMatch(/^150 of 151 .* not "unknown" in line 2/);
    expect(await notes(["a", "b", "c", "2026-01-01"])).toBeUndefined();
    // One that begins with other things is not looked at to its end.
    expect(await notes([...dates.map(() => "x"), ...dates])).toBeUndefined();
  });

  test("are found where all cells are some, with what recurs in them, and it is said", async () => {
    const found = await column([...days(30), "", "NA"]);
    expect(found).toMatchObject({
      type: "datetime",
      missing: 2,
      distinct: 30,
      dates: { earliest: "2024-01-01", latest: "2024-01-30", cycles: ["weekday"] },
    });
    expect(found.notes).toEqual([
      {
        code: "datetimes_found",
        message: expect.stringMatching(/elapsed days, and the cycles "weekday"; state the type "category"/),
      },
    ]);
    expect((await column(days(7))).dates?.cycles).toEqual([]);
    expect((await column(days(60, 20))).dates?.cycles).toEqual(["weekday", "year"]);
    expect((await column(days(60, 7))).dates?.cycles).toEqual(["year"]);
    const hours = Array.from({ length: 50 }, (_, i) => new Date(Date.UTC(2024, 0, 1) + i * 3_600_000).toISOString());
    expect((await column(hours)).dates).toEqual({
      ...{ earliest: "2024-01-01", latest: "2024-01-03T01:00:00Z" },
      cycles: ["hour"],
    });
    expect((await column(["29 Mar 2026", "1.4.2026", "2026/05/03 10:00"])).type).toBe("datetime");
  });

  test("are not taken for granted: one other cell, numbers, and days that may be months", async () => {
    expect((await column([...days(5), "soon"])).type).toBe("category");
    expect((await column(["20240101", "20240102"])).type).toBe("number");
    expect((await column(["2024", "2025-01-01"])).type).toBe("category");
    const ambiguous = await column(["03/04/2024", "05/04/2024", ""]);
    expect([ambiguous.type, ambiguous.notes?.map(({ code }) => code)]).toEqual(["category", ["ambiguous_dates"]]);
    expect((await column(["03/04/2024", "later"])).notes).toBeUndefined();
    expect((await column(days(5), "category")).type).toBe("category");
  });

  test("of which the day is not told are not guessed; the note says which order all cells fit", async () => {
    const said = async (...cells: string[]) => {
      const { type, notes } = await column(cells);
      expect([type, notes?.map(({ code }) => code)]).toEqual(["category", ["ambiguous_dates"]]);
      return notes![0]!.message;
    };
    expect(await said("03/04/2026", "29/03/2026 14:05", "NA", "")).toMatch(
      /the first number goes up to 29: upload the file again with \?dates=day_first$/,
    );
    expect(await said("03-04-2026", "03-31-2026", "12-30-2026")).toMatch(
      /the second number goes up to 31: upload the file again with \?dates=month_first$/,
    );
    expect(await said("03/04/2026", "05/04/2026")).toMatch(
      /\?dates=day_first or \?dates=month_first, as they fit both/,
    );
    for (const none of ["03/29/2026", "31/31/2026", "03/04/26", "29/02/2026"])
      expect(await said("29/03/2026", none), none).toMatch(/as categories; write them as ISO 8601 does/);
    await expect(column(["03/04/2026", "x"], "datetime")).rejects.toThrow(/"03\/04\/2026" is no.*\?dates=day_first/);
  });

  test("stated, may be months and numbers that count from 1970 on, and what is none is named with its line", async () => {
    const stated = await column(
      ["2024-03", "1709251200", "1709251200000", "1709251200000000123", "null", ""],
      "datetime",
    );
    expect(stated).toMatchObject({
      type: "datetime",
      missing: 2,
      dates: { earliest: "2024-03-01", latest: "2024-03-01" },
    });
    await expect(column(["2024-03-01", "soon"], "datetime")).rejects.toThrow(/line 3.*"soon" is no date or time/);
  });
});

describe("texts", () => {
  const words = "the quick brown fox jumps over a lazy dog and runs away from it all".split(" ");
  const sentence = (i: number, length = 6): string =>
    `${Array.from({ length }, (_, k) => words[(i * 7 + k * k * (i % 5)) % words.length]).join(" ")} ${i}`;

  test("are what has too many forms for categories and several words, or hardly any two alike", async () => {
    const many = await column(Array.from({ length: 1200 }, (_, i) => `a part ${i}`));
    expect([many.type, many.notes?.[0]?.code]).toEqual(["text", "texts_found"]);
    expect((await column(Array.from({ length: 60 }, (_, i) => sentence(i)))).type).toBe("text");
    expect((await column(Array.from({ length: 1200 }, (_, i) => `id-${i}`))).type).toBe("category");
    expect((await column(Array.from({ length: 60 }, (_, i) => sentence(i % 7)))).type).toBe("category");
    expect((await column(Array.from({ length: 30 }, (_, i) => sentence(i)))).type).toBe("category");
    expect((await column(Array.from({ length: 1200 }, (_, i) => `part ${i}`))).type).toBe("category");
    expect((await column(["a b", "c"], "text")).type).toBe("text");
  });
});
