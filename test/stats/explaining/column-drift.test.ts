import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { quantile95 } from "../../../src/stats/coefficients/tail-probability.ts";
import { columnDrift, standardisedShift } from "../../../src/stats/explaining/column-drift.ts";
import { datasetOf } from "../../data/csv-fixtures.ts";
import { randomOf } from "../conformal/draws.ts";

const read = (csv: string) => datasetOf(() => Readable.from([Buffer.from(csv)]));

test("columns are held against those of the training data: by hand", async () => {
  const there = await read("x,level,flat,label\n0,a,7,1\n2,a,7,2\n0,b,7,1\n2,,7,2\n");
  const here = await read("x,level,flat,label\n3,a,7,1\n5,c,7,2\n,c,7,1\n,b,7,2\n");
  const drift = columnDrift(["flat", "label", "level", "x", "gone"], here, there);
  expect([drift.rows, drift.rowsThere]).toEqual([4, 4]);
  const byName = new Map(drift.columns.map((one) => [one.column, one]));
  // Means 4 and 1, variances 2 and 4/3.
  expect(byName.get("x")).toMatchObject({ beyond: true, distance: null, unseen: null, missing: 0.5, missingThere: 0 });
  const { value, lower, upper } = byName.get("x")!.shift!;
  expect(value).toBeCloseTo(3 / Math.sqrt(4 / 3), 12);
  // Two values here and four there: s² of 2 and 4/3, and Welch's degrees of freedom (3/4 + 1/4)² / (9/16 + 1/48).
  const half = quantile95(1 / (9 / 16 + 1 / 48)) * Math.sqrt(3 / 4 + 1 / 4 + value ** 2 / 6);
  expect([lower! - value, upper! - value]).toEqual([expect.closeTo(-half, 12), expect.closeTo(half, 12)]);
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
  expect(byName.get("label")).toMatchObject({ shift: { value: 0 }, spread: 1, beyond: false });
  expect(drift.columns.map(({ column }) => column)).toEqual(["x", "level", "flat", "label"]);
});

test("the interval of a shift holds the true one in 95 of 100 pairs of samples", () => {
  const { normal } = randomOf(23);
  const sample = (rows: number, mean: number, deviation: number) => {
    const values = Array.from({ length: rows }, () => mean + deviation * normal());
    const own = values.reduce((sum, value) => sum + value, 0) / rows;
    const squares = values.reduce((sum, value) => sum + (value - own) ** 2, 0);
    return { mean: own, deviation: Math.sqrt(squares / (rows - 1)), values: rows };
  };
  const draws = 3000;
  for (const [shift, spread, rows, rowsThere] of [
    [0, 1, 12, 40],
    [0.4, 2, 200, 25],
    [3, 0.5, 30, 60],
  ] as const) {
    let held = 0;
    for (let draw = 0; draw < draws; draw++) {
      const { lower, upper } = standardisedShift(sample(rows, 5 + 7 * shift, 7 * spread), sample(rowsThere, 5, 7));
      if (lower! <= shift && shift <= upper!) held += 1;
    }
    // Four standard errors of such a share are 1.6 %.
    expect(Math.abs(held / draws - 0.95)).toBeLessThan(0.02);
  }
  expect(standardisedShift({ mean: 1, deviation: undefined, values: 1 }, sample(9, 0, 1))).toMatchObject({
    lower: null,
  });
});
