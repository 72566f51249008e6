import { expect, test } from "vitest";
import {
  binsOf,
  correlatedWith,
  correlation,
  correlations,
  createCorrelationOf,
  toBins,
  toNumber,
} from "../../src/web/page/datasets/column-statistics.ts";
import { overallSpeed, speeds } from "../../src/web/page/jobs/speeds.ts";

test("bins have one width and hold both ends; values that are all alike have one", () => {
  expect(toBins([0, 1, 2, 3, 4], 0, 4, 2)).toEqual([
    { from: 0, to: 2, count: 2 },
    { from: 2, to: 4, count: 3 },
  ]);
  expect(toBins([7, 7], 7, 7)).toEqual([{ from: 6.5, to: 7.5, count: 2 }]);
  expect(binsOf([null, null], 0, 1).reduce((sum, { count }) => sum + count, 0)).toBe(0);
});

test("cells are numbers, dates days, and what is missing neither", () => {
  expect(toNumber("2.5", "number")).toBe(2.5);
  expect(toNumber("1970-01-03", "datetime")).toBe(2);
  for (const cell of [null, undefined, "", "NA"]) expect(toNumber(cell, "number")).toBeNull();
  expect(toNumber("red", "category")).toBeNull();
});

test("Pearson's r over the rows that have both", () => {
  // Σ(x − x̄)(y − ȳ)/√(Σ(x − x̄)² Σ(y − ȳ)²) of the four, computed by Python.
  expect(correlation([1, 2, null, 4, 5, 6], [2, 1, 5, null, 7, 5])).toBeCloseTo(0.8390131796985203, 12);
  expect(correlation([1, 2, 3], [-2, -4, -6])).toBe(-1);
  expect(correlation([1, 1, 1], [1, 2, 3])).toBeNull();
  expect(correlation([1, null, 3], [1, 2, null])).toBeNull();
  const columns = [
    { name: "a", type: "number" as const, missing: 0, distinct: 3 },
    { name: "b", type: "number" as const, missing: 0, distinct: 3 },
  ];
  expect(
    correlations(
      columns,
      createCorrelationOf([
        { a: 1, b: 3 },
        { a: 2, b: 2 },
        { a: 3, b: 1 },
      ]),
    ),
  ).toEqual([
    [1, -1],
    [-1, 1],
  ]);
});

test("the others are told by strength, and each column is read once", () => {
  let reads = 0;
  const rowOf = (a: number, b: number, c: number) => ({
    get a() {
      reads++;
      return a;
    },
    ...{ b, c },
  });
  const correlationOf = createCorrelationOf([rowOf(1, 1, 3), rowOf(2, 3, 2), rowOf(3, 2, 1)]);
  const columns = ["a", "b", "c"].map((name) => ({ name, type: "number" as const, missing: 0, distinct: 3 }));
  const [a, b, c] = columns;
  expect(correlatedWith(a!, columns, correlationOf)).toEqual([
    { name: "c", value: -1 },
    { name: "b", value: 0.5 },
  ]);
  expect(correlationOf(b!, a!)).toBe(0.5);
  expect(correlationOf(c!, a!)).toBe(-1);
  expect(reads).toBe(3);
});

test("speed is told between points, and not of the time before the first", () => {
  const points = [
    { step: 1000, seconds: 10 },
    { step: 1100, seconds: 11 },
    { step: 1100, seconds: 12 },
    { step: 1300, seconds: 13 },
  ];
  expect(speeds(points)).toEqual([
    [11, 100],
    [13, 200],
  ]);
  expect(overallSpeed(points)).toBe(100);
  expect(overallSpeed(points.slice(0, 1))).toBeNull();
});
