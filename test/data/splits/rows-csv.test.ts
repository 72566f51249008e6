import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { countRows } from "../../../src/data/splits/count-rows.ts";
import { fitsOf } from "../../../src/data/splits/fits.ts";
import { rowsCsv } from "../../../src/data/splits/rows-csv.ts";
import { resolveSpec } from "../../../src/domain/jobs/spec/defaults.ts";
import { datasetOf, jobSpec, streamOf } from "../csv-fixtures.ts";
import { openOf, type Rows, rowsOfSpec, split, type Training, table } from "./split-rows-of.ts";

const task = { type: "classification", label: "y" } as const;

/** What the CSV says: the rows of each split, and of each fold of the first repeat. */
const listed = async (csv: string, training: Training) => {
  const asked = jobSpec({ task, model: { type: "softmax" }, training });
  const dataset = await countRows(asked, await datasetOf(openOf(csv)), openOf(csv));
  const spec = resolveSpec(asked, dataset);
  const [header, ...lines] = (await text(rowsCsv(spec, dataset, openOf(csv)))).trimEnd().split("\n");
  const cells = lines.map((line) => line.split(","));
  const rows = (name: string, at = 1): number[] =>
    cells.filter((line) => line[at] === name).map(([row]) => Number(row));
  const splits: Rows = { train: rows("train"), validation: rows("validation"), test: rows("test") };
  return {
    header,
    splits,
    unlabelled: rows("unlabelled"),
    foldsAt: (at: number, fold: number) => rows(`${fold}`, at),
    spec,
    dataset,
  };
};

describe("the rows of a job", () => {
  const csv = table(Array.from({ length: 90 }, (_, i) => [i, `g${i % 15}`, i % 9 === 0 ? "" : `c${i % 2}`]));

  test("are where training had them, and those without a label are said to take no part", async () => {
    for (const by of [{}, { by: "g" }, { time: "x" }]) {
      const training = { split: { ...by, validation: 0.2, test: 0.2 } };
      const { splits, unlabelled, header } = await listed(csv, training);
      expect(header).toBe("row,split");
      expect(splits).toEqual((await split(csv, training, task)).rows);
      expect(unlabelled).toEqual(Array.from({ length: 10 }, (_, i) => 9 * i));
    }
  });

  test("of a cross-validation are in the folds that held them out, in each repeat", async () => {
    for (const own of [{ split: { test: 0.2 } }, { split: { by: "g", test: 0.2 } }, {}]) {
      const training = { ...own, crossValidation: { folds: 3, repeats: 2 } };
      const { header, splits, foldsAt, spec, dataset } = await listed(csv, training);
      expect(header).toBe("row,split,fold_1,fold_2");
      for (const { spec: fit, heldOut } of fitsOf(spec, dataset, null)) {
        if (heldOut === null) continue;
        const held = (await rowsOfSpec(csv, fit, dataset)).test;
        expect(foldsAt(2 + heldOut.repeat, heldOut.fold + 1)).toEqual(held);
        expect(held.filter((row) => splits.test.includes(row))).toEqual([]);
      }
    }
  });

  test("of a large file are written as fast as they are read, and end with the reader", async () => {
    const large = table(Array.from({ length: 40_000 }, (_, i) => [i, `g${i % 15}`, `c${i % 2}`]));
    const whole = await listed(large, {});
    expect(whole.splits.train.length + whole.splits.test.length + whole.splits.validation.length).toBe(40_000);
    let tell = (): void => {};
    const closed = new Promise<void>((resolve) => {
      tell = resolve;
    });
    async function* pieces(): AsyncGenerator<Uint8Array, void, void> {
      try {
        yield* streamOf(large, 65_536);
      } finally {
        tell();
      }
    }
    const body = rowsCsv(whole.spec, whole.dataset, pieces);
    for await (const _ of body) break;
    await closed;
  });
});
