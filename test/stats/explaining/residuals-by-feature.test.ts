import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import { createUnits } from "../../../src/stats/explaining/dependence-grid.ts";
import { residualsByFeature } from "../../../src/stats/explaining/residuals-by-feature.ts";
import { weightedRows } from "../../../src/stats/sampling.ts";

interface Told {
  pValue: number;
  between: number;
  rows: number[];
  means: number[];
  rootMeanSquares: number[];
}
// R 4.2: see residual-fixtures.R.
const fixture: { x: number[]; level: string[]; residual: number[]; ends: number[]; byNumber: Told; byLevel: Told } =
  JSON.parse(readFileSync(new URL("residual-fixtures.json", import.meta.url), "utf8"));
// As R's factors, by the alphabet.
const categories = ["east", "north", "south"];
const [mean, scale] = [1.5, 2];
const preprocessing = {
  features: [
    { type: "number", column: "x", mean, scale, missingIndicator: true },
    { type: "category", column: "level", categories, unseen: [], missingIndicator: false },
    { type: "number", column: "flat", mean: 0, scale: 1, missingIndicator: false },
  ],
  label: { type: "number", column: "y", mean: 0, scale: 1 },
  ...{ inputs: 6, outputs: 1 },
} as unknown as Preprocessing;
const rowOf = (x: number | null, level: string): number[] => [
  ...[x === null ? 0 : (x - mean) / scale, x === null ? 1 : 0],
  ...[...categories.map((each) => (each === level ? 1 : 0)), 0],
];
const { x, level, residual } = fixture;
const asked = {
  preprocessing,
  features: x.flatMap((value, i) => rowOf(value, level[i]!)),
  ...{ rows: x.map((_, i) => i), residuals: Float64Array.from(residual), sampling: null },
  unitsOf: createUnits(preprocessing, { standardised: true, shifts: null, digits: 12 }),
};

test("bins, their means, the share between them and Welch's test are R's; what does not vary is left out", () => {
  const found = residualsByFeature(asked)!;
  expect(found.rows).toBe(203);
  expect(found.columns.map(({ column }) => column)).toEqual(["level", "x"]);
  const [byLevel, byNumber] = found.columns;
  for (const [column, told] of [
    [byLevel!, fixture.byLevel],
    [byNumber!, fixture.byNumber],
  ] as const) {
    expect(column.bins.map(({ rows }) => rows)).toEqual(told.rows);
    expect(column.pValue).toBeCloseTo(told.pValue, 10);
    expect(column.between).toBeCloseTo(told.between, 12);
    for (const [i, bin] of column.bins.entries()) {
      expect(bin.mean.value).toBeCloseTo(told.means[i]!, 12);
      expect(bin.rootMeanSquare).toBeCloseTo(told.rootMeanSquares[i]!, 12);
      expect(bin.mean.lower!).toBeLessThan(bin.mean.value);
    }
  }
  expect(byLevel!.bins.map(({ from, to }) => [from, to])).toEqual(categories.map((each) => [each, each]));
  expect([...byNumber!.bins.map(({ from }) => from), ...byNumber!.bins.map(({ to }) => to)]).toEqual(fixture.ends);
});

test("missing values are a bin of their own, and one of fewer than five rows is none", () => {
  const of = (missing: number) =>
    residualsByFeature({ ...asked, features: x.flatMap((value, i) => rowOf(i < missing ? null : value, level[i]!)) })!;
  const bins = of(6).columns.find(({ column }) => column === "x")!.bins;
  expect(bins.at(-1)).toMatchObject({ from: null, to: null, rows: 6 });
  expect(
    of(4)
      .columns.find(({ column }) => column === "x")!
      .bins.at(-1)!.from,
  ).not.toBeNull();
});

test("a reference level, all of whose inputs are 0, has a bin as the others have", () => {
  const features = preprocessing.features.map((feature) =>
    feature.type === "category" ? { ...feature, reference: "north" } : feature,
  );
  const found = residualsByFeature({
    ...{ ...asked, preprocessing: { ...preprocessing, features } },
    features: x.flatMap((value, i) => rowOf(value, level[i] === "north" ? "" : level[i]!)),
  });
  expect(found).toEqual(residualsByFeature(asked));
});

test("weights count in the means, and no test is given of them", () => {
  const weights = Float64Array.from(residual, (_, i) => 1 + (i % 3));
  const [byLevel] = residualsByFeature({ ...asked, sampling: weightedRows(weights) })!.columns;
  const own = residual.map((value, i) => ({ value, weight: weights[i]! })).filter((_, i) => level[i] === "east");
  const total = own.reduce((sum, { weight }) => sum + weight, 0);
  const expected = own.reduce((sum, { value, weight }) => sum + value * weight, 0) / total;
  expect(byLevel!.pValue).toBeNull();
  expect(byLevel!.bins[0]!.mean.value).toBeCloseTo(expected, 12);
});
