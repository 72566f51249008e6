import { expect, test } from "vitest";
import { linearContributions } from "../../../src/stats/explaining/linear-contributions.ts";
import { shapleyValues } from "../../../src/stats/explaining/shapley.ts";

/** Four columns, the third of two inputs; two answers, neither of them additive. */
const columns = [
  { column: "a", first: 0, width: 1 },
  { column: "b", first: 1, width: 1 },
  { column: "c", first: 2, width: 2 },
  { column: "d", first: 4, width: 1 },
];
const width = 5;
const model = (x: ArrayLike<number>): number[] => {
  const [a, b, c0, c1, d] = Array.from(x) as [number, number, number, number, number];
  return [Math.tanh(a * b + c0 - 2 * c1) + a * c1, Math.exp(0.3 * d) * (b - c0) + a * b * d];
};
const ask = (inputs: Float32Array): number[] =>
  Array.from({ length: inputs.length / width }, (_, i) => model(inputs.subarray(i * width, (i + 1) * width))).flat();

const rowOf = (i: number): Float32Array =>
  Float32Array.from({ length: width }, (_, j) => Math.sin(1.7 * i + 2.3 * j) + 0.25 * j);
const row = rowOf(100);
const rows = 7;
const background = Float32Array.from(Array.from({ length: rows }, (_, i) => [...rowOf(i)]).flat());

const permutationsOf = (items: number[]): number[][] =>
  items.length === 0
    ? [[]]
    : items.flatMap((item) => permutationsOf(items.filter((other) => other !== item)).map((order) => [item, ...order]));

/** φᵢ = Σ over S without i of |S|! (d − |S| − 1)! / d! · (v(S ∪ i) − v(S)): Lundberg & Lee 2017, equation 4, over all subsets. */
const byAllSubsets = (answer: number): number[] => {
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  const value = (set: number): number => {
    let sum = 0;
    for (let b = 0; b < rows; b++) {
      const mixed = background.slice(b * width, (b + 1) * width);
      for (const [i, { first, width: own }] of columns.entries())
        if ((set >> i) & 1) mixed.set(row.subarray(first, first + own), first);
      sum += model(mixed)[answer]!;
    }
    return sum / rows;
  };
  const d = columns.length;
  return columns.map((_, i) => {
    let total = 0;
    for (let set = 0; set < 2 ** d; set++) {
      if ((set >> i) & 1) continue;
      const size = [0, 1, 2, 3].filter((j) => (set >> j) & 1).length;
      const weight = (factorial(size) * factorial(d - size - 1)) / factorial(d);
      total += weight * (value(set | (1 << i)) - value(set));
    }
    return total;
  });
};

test("with every order of the columns the values are those of the formula over all subsets", () => {
  const all = permutationsOf([0, 1, 2, 3]);
  expect(all).toHaveLength(24);
  const { values } = shapleyValues({ row, background, columns, answers: 2, ask, ordersOf: () => all });
  for (const answer of [0, 1])
    for (const [i, value] of byAllSubsets(answer).entries()) expect(values[2 * i + answer]!).toBeCloseTo(value, 12);
});

test("with few orders they still add up to the answer minus the mean answer, and errors tell how far rows differ", () => {
  const few = (b: number): number[][] => [
    [b % 4, (b + 1) % 4, (b + 2) % 4, (b + 3) % 4],
    [(b + 3) % 4, (b + 2) % 4, (b + 1) % 4, b % 4],
  ];
  const found = shapleyValues({ row, background, columns, answers: 2, ask, ordersOf: few });
  for (const answer of [0, 1]) {
    const sum = columns.reduce((total, _, i) => total + found.values[2 * i + answer]!, 0);
    expect(found.own[answer]).toBe(model(row)[answer]);
    expect(found.base[answer]! + sum).toBeCloseTo(found.own[answer]!, 12);
  }
  // Each background row by itself gives values whose deviation over rows is the error.
  const each = Array.from({ length: rows }, (_, b) => {
    const own = background.subarray(b * width, (b + 1) * width);
    return shapleyValues({ row, background: own, columns, answers: 2, ask, ordersOf: () => few(b) });
  });
  expect(each[0]!.errors).toBeNull();
  for (const at of found.values.keys()) {
    const values = each.map((one) => one.values[at]!);
    const mean = values.reduce((a, b) => a + b, 0) / rows;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (rows - 1);
    expect(found.values[at]).toBeCloseTo(mean, 12);
    expect(found.errors![at]).toBeCloseTo(Math.sqrt(variance / rows), 12);
  }
});

test("one column has all of the difference", () => {
  const one = {
    row: Float32Array.of(3),
    background: Float32Array.of(1, 2),
    columns: [{ column: "x", first: 0, width: 1 }],
  };
  const square = (inputs: Float32Array): number[] => Array.from(inputs, (x) => x * x);
  const { base, values } = shapleyValues({ ...one, answers: 1, ask: square, ordersOf: () => [[0], [0]] });
  expect([base[0], values[0]]).toEqual([2.5, 6.5]);
});

test("of a linear model contributions are coefficient · (x − mean), summed over a column's inputs, and are its Shapley values", () => {
  const weight = [0.5, -1, 2, 0.25, -0.75];
  const bias = [0.125];
  const means = Float64Array.from({ length: width }, (_, j) => {
    let sum = 0;
    for (let b = 0; b < rows; b++) sum += background[b * width + j]!;
    return sum / rows;
  });
  const exact = linearContributions({ weight, bias }, means, row, columns);
  expect(exact.values[2]).toBeCloseTo(2 * (row[2]! - means[2]!) + 0.25 * (row[3]! - means[3]!), 12);
  const linear = (inputs: Float32Array): number[] =>
    Array.from({ length: inputs.length / width }, (_, i) =>
      weight.reduce((sum, w, j) => sum + w * inputs[i * width + j]!, bias[0]!),
    );
  const sampled = shapleyValues({ row, background, columns, answers: 1, ask: linear, ordersOf: () => [[2, 0, 3, 1]] });
  for (const [i, value] of exact.values.entries()) expect(sampled.values[i]).toBeCloseTo(value, 12);
  expect(sampled.base[0]).toBeCloseTo(exact.base[0]!, 12);
  expect(exact.own[0]).toBeCloseTo(sampled.own[0]!, 12);
});
