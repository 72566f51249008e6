import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import { cellOf, createUnits, dependenceGrid } from "../../../src/stats/explaining/dependence-grid.ts";
import { partialDependence } from "../../../src/stats/explaining/partial-dependence.ts";

interface Fixtures {
  x: number[][];
  columns: { values: number[]; mean: number[]; individual: number[][] }[];
}
// scikit-learn 1.2: see dependence-fixtures.py.
const { x, columns }: Fixtures = JSON.parse(
  readFileSync(new URL("dependence-fixtures.json", import.meta.url).pathname, "utf8"),
);

test("averages and individual curves are those of scikit-learn's partial_dependence, and the rows are as they were afterwards", () => {
  const features = Float64Array.from(x.flat());
  const rows = Int32Array.from(x.keys());
  const ask = () =>
    Array.from(rows, (row) => {
      const [a, b, c] = features.subarray(3 * row) as unknown as [number, number, number];
      return Math.tanh(1.5 * a - a * b) + 0.5 * c ** 2;
    });
  for (const [first, { values, mean, individual }] of columns.entries()) {
    const points = values.map((value) => [value]);
    const part = { features, inputs: 3, rows, ask, answers: 1 };
    const { means, asked } = partialDependence(part, { column: `x${first}`, first, width: 1 }, points);
    for (const [j, value] of mean.entries()) expect(means[j]![0]).toBeCloseTo(value, 12);
    for (const [i, curve] of individual.entries())
      for (const [j, value] of curve.entries()) expect(asked[j]![i]).toBeCloseTo(value, 12);
    expect(Array.from(features)).toEqual(x.flat());
  }
});

const preprocessing: Preprocessing = {
  features: [
    { type: "number", column: "size", mean: 10, scale: 2, missingIndicator: true },
    { type: "category", column: "kind", categories: ["a", "b", "c"], unseen: ["c"], missingIndicator: false },
  ],
  label: { type: "number", column: "y", mean: 0, scale: 1 },
  inputs: 5,
  outputs: 1,
};
const [sizeColumn, kindColumn] = [
  { inputs: { column: "size", first: 0, width: 2 }, feature: preprocessing.features[0]! },
  { inputs: { column: "kind", first: 2, width: 3 }, feature: preprocessing.features[1]! },
];

test("the grid has values in the data's units and levels that rows have; missing cells are none of them", () => {
  const unitsOf = createUnits(preprocessing, { standardised: true, shifts: null, digits: 7 });
  // size, missing, a, b, c: sizes 8, missing, 11 and 8.
  const features = Float32Array.from(
    [
      [-1, 0, 0, 1, 0],
      [0, 1, 1, 0, 0],
      [0.5, 0, 0, 1, 0],
      [-1, 0, 0, 0, 0],
    ].flat(),
  );
  const seen = { inputs: 5, rows: [0, 1, 2, 3] };
  expect(dependenceGrid(sizeColumn, features, seen, unitsOf)).toEqual([
    { value: 8, row: 0 },
    { value: 11, row: 2 },
  ]);
  expect(dependenceGrid(kindColumn, features, seen, unitsOf)).toEqual([
    { value: "a", row: 1 },
    { value: "b", row: 0 },
  ]);
  expect(cellOf(sizeColumn, features, 5, unitsOf)).toBeNull();
  expect(cellOf(kindColumn, features, 15, unitsOf)).toBeNull();
});

test("inputs from which a shift was taken, and that are not standardised, are told in the data's units as well", () => {
  const unitsOf = createUnits(preprocessing, {
    ...{ standardised: false, digits: 12 },
    shifts: Float64Array.of(1000, 0.5, 0.25, 0.5, 0),
  });
  const features = Float64Array.of(3, -0.5, -0.25, 0.5, 0);
  expect(cellOf(sizeColumn, features, 0, unitsOf)).toBe(1003);
  expect(cellOf(kindColumn, features, 0, unitsOf)).toBe("b");
});

test("of a number with many values there are twenty at equal shares of the rows, without its extremes", () => {
  const numbers = { ...preprocessing, features: [{ ...preprocessing.features[0]!, missingIndicator: false }] };
  const unitsOf = createUnits(numbers as Preprocessing, { standardised: false, shifts: null, digits: 12 });
  const features = Float64Array.from({ length: 1001 }, (_, i) => ((i * 8) % 1001) ** 2);
  const column = { inputs: { column: "size", first: 0, width: 1 }, feature: numbers.features[0]! } as const;
  const grid = dependenceGrid(column as never, features, { inputs: 1, rows: [...features.keys()] }, unitsOf);
  expect(grid).toHaveLength(20);
  expect([grid[0]!.value, grid.at(-1)!.value]).toEqual([50 ** 2, 950 ** 2]);
  expect(features[grid[7]!.row]).toBe(grid[7]!.value);
});
