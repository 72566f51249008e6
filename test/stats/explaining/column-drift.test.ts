import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { columnDrift } from "../../../src/stats/explaining/column-drift.ts";
import { datasetOf } from "../../data/csv-fixtures.ts";

const read = (csv: string) => datasetOf(() => Readable.from([Buffer.from(csv)]));

test("columns are held against those of the training data: by hand", async () => {
  const there = await read("x,level,flat,label\n0,a,7,1\n2,a,7,2\n0,b,7,1\n2,,7,2\n");
  const here = await read("x,level,flat,label\n3,a,7,1\n5,c,7,2\n,c,7,1\n,b,7,2\n");
  const drift = columnDrift(["flat", "label", "level", "x", "gone"], here, there);
  expect([drift.rows, drift.rowsThere]).toEqual([4, 4]);
  const byName = new Map(drift.columns.map((one) => [one.column, one]));
  // Means 4 and 1, variances 2 and 4/3.
  expect(byName.get("x")).toMatchObject({ beyond: true, distance: null, unseen: null, missing: 0.5, missingThere: 0 });
  expect(byName.get("x")!.shift).toBeCloseTo(3 / Math.sqrt(4 / 3), 12);
  expect(byName.get("x")!.spread).toBeCloseTo(Math.sqrt(2 / (4 / 3)), 12);
  // Shares 1/2, 1/4, 0 and 1/4 missing, now 1/4, 1/4, 1/2 and none.
  expect(byName.get("level")).toMatchObject({
    shift: null,
    beyond: null,
    distance: 0.5,
    unseen: 2,
    missingThere: 0.25,
  });
  expect(byName.get("flat")).toMatchObject({ shift: null, spread: null, beyond: false });
  expect(byName.get("label")).toMatchObject({ shift: 0, spread: 1, beyond: false });
  expect(drift.columns.map(({ column }) => column)).toEqual(["x", "level", "flat", "label"]);
});
