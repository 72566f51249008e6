import { expect, test } from "vitest";
import { type Answered, compareAnswered, measureClasses, measureNumbers } from "../../src/stats/compare-models.ts";

const { figures } = measureNumbers(Float64Array.of(1, 2), Float64Array.of(1, 3));
const answered = (model: string, measures: number[]): Answered => ({
  ...{ model: `mdl_${model}`, name: model, trainedOnIt: false, inflation: 1, figures, notes: [] },
  measures: Float64Array.from(measures),
});
test("probabilities that underflowed are counted as a bound, and told", () => {
  const { measures, notes } = measureClasses(["a", "b"], Float64Array.of(1, 0, 0.5, 0.5), Int32Array.of(1, 0));
  expect(Array.from(measures)).toEqual([Math.log(2 ** -126), Math.log(0.5)]);
  expect(notes).toMatchObject([{ code: "probability_underflow", message: expect.stringMatching(/^1 of 2 rows/) }]);
  expect(measureClasses(["a", "b"], Float64Array.of(0.9, 0.1), Int32Array.of(1)).notes).toEqual([]);
});

const a = answered("a", [-0.1, -0.4, -0.2, -0.9, -0.3, -0.15, -0.6, -0.25]);
const b = answered("b", [-0.3, -0.35, -0.5, -1.4, -0.2, -0.4, -0.7, -0.55]);
const c = answered("c", [-2, -1.5, -2.2, -1.9, -2.5, -1.1, -3, -2.4]);

test("every pair is compared row by row, with Student's interval no side shorter for skewness, which may lengthen one; those that cannot be told apart are of one group", () => {
  const { models, differences, groups } = compareAnswered([c, b, a]);
  expect(models.map(({ model, group }) => [model, group])).toEqual([
    ["mdl_a", 0],
    ["mdl_b", 1],
    ["mdl_c", 2],
  ]);
  // NumPy, with SciPy's quantile: the further of Student's ends and those of Hall's transformation, 0.0178 to 0.3488 and 0.884 to 2.042.
  expect(differences.map(({ model, other }) => `${model} ${other}`)).toEqual([
    "mdl_a mdl_b",
    "mdl_a mdl_c",
    "mdl_b mdl_c",
  ]);
  const [ab, , bc] = differences.map(({ difference }) => difference);
  for (const [found, wanted] of [
    [ab, [0.1875, 0.017818209026814497, 0.3528275346804883]],
    [bc, [1.525, 0.8840301425216021, 2.0937751725831237]],
  ] as const) {
    expect(found?.value).toBeCloseTo(wanted[0], 10);
    // The quantile's expansion is exact to a thousandth.
    expect(Math.abs(found!.lower! - wanted[1])).toBeLessThan(1e-3);
    expect(Math.abs(found!.upper! - wanted[2])).toBeLessThan(1e-3);
  }
  expect(groups).toEqual([["mdl_a"], ["mdl_b"], ["mdl_c"]]);
});

test("models that say the same are tied; one that is better by the same everywhere is not", () => {
  const better = answered(
    "d",
    [...a.measures].map((value) => value + 0.5),
  );
  const { groups, differences } = compareAnswered([a, answered("e", [...a.measures]), better]);
  expect(groups).toEqual([["mdl_d"], ["mdl_a", "mdl_e"]]);
  expect(differences.find(({ model, other }) => model === "mdl_a" && other === "mdl_e")).toMatchObject({
    difference: { value: 0, lower: null, upper: null },
    tied: true,
  });
});

test("rows of one group tell nothing apart; of two they do where both differ alike", () => {
  const better = answered(
    "d",
    [...a.measures].map((value, row) => value + row + 1),
  );
  const groupsOf = (...unitOf: number[]) => ({ unitOf: Int32Array.from(unitOf), inflation: 1 });
  const one = compareAnswered([a, better], groupsOf(0, 0, 0, 0, 0, 0, 0, 0));
  expect(one.differences).toMatchObject([{ difference: { value: 4.5, lower: null, upper: null }, tied: true }]);
  expect(one.groups).toEqual([["mdl_d", "mdl_a"]]);
  // 1 + 8 + 2 + 7 = 3 + 6 + 4 + 5
  const two = compareAnswered([a, better], groupsOf(0, 0, 1, 1, 1, 1, 0, 0));
  expect(two.differences).toMatchObject([{ difference: { value: 4.5 }, tied: false }]);
});

test("an inflation is of the pairs that have its model alone", () => {
  const apart = compareAnswered([a, b]);
  const folded = { ...c, inflation: 1.25 };
  const { differences, models } = compareAnswered([a, b, folded]);
  expect(differences[0]).toEqual(apart.differences[0]);
  expect(models.slice(0, 2).map(({ measure }) => measure)).toEqual(apart.models.map(({ measure }) => measure));
  const without = compareAnswered([a, c]).differences[0]!.difference;
  const { value, lower } = differences[1]!.difference;
  // Of few rows the ends are Student's and Hall's of the skewness, which multiply one standard error.
  expect(value).toBe(without.value);
  expect((value - lower!) / (value - without.lower!)).toBeCloseTo(Math.sqrt(1.25), 10);
});
