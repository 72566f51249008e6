import fc from "fast-check";
import { expect, test } from "vitest";
import { chooseThreshold } from "../../../src/stats/explaining/choose-threshold.ts";

const rows = fc.array(fc.tuple(fc.integer({ min: 1, max: 19 }), fc.boolean()), { minLength: 2, maxLength: 30 });
const countAt = (data: readonly (readonly [number, boolean])[], threshold: number) => {
  let [truePositives, falsePositives, falseNegatives] = [0, 0, 0];
  for (const [p, positive] of data) {
    const taken = p / 20 >= threshold;
    if (taken && positive) truePositives += 1;
    else if (taken) falsePositives += 1;
    else if (positive) falseNegatives += 1;
  }
  return { truePositives, falsePositives, falseNegatives };
};
/** Thresholds that part twentieths in every way. */
const grid = Array.from({ length: 82 }, (_, i) => i / 80 + 1e-9);

test("no threshold has a larger F1, or costs less", () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (data, a, b) => {
      const probabilities = Float64Array.from(data, ([p]) => p / 20);
      const isPositive = (row: number): boolean => data[row]![1];
      const costs = { falsePositive: a, falseNegative: b };
      const cheapest = chooseThreshold({ costs }, probabilities, isPositive);
      const best = chooseThreshold({ metric: "f1" }, probabilities, isPositive);
      if (new Set(data.map(([, positive]) => positive)).size === 1) {
        expect([cheapest, best]).toEqual([null, null]);
        return;
      }
      const costAt = (threshold: number): number => {
        const { falsePositives, falseNegatives } = countAt(data, threshold);
        return a * falsePositives + b * falseNegatives;
      };
      const f1At = (threshold: number): number => {
        const { truePositives, falsePositives, falseNegatives } = countAt(data, threshold);
        return (2 * truePositives) / (2 * truePositives + falsePositives + falseNegatives);
      };
      expect(costAt(cheapest!)).toBe(Math.min(...grid.map(costAt)));
      expect(f1At(best!)).toBe(Math.max(...grid.map(f1At)));
    }),
  );
});

test("it lies halfway between two rows, and of equally good ones nearest to one half", () => {
  const probabilities = Float64Array.of(0.2, 0.3, 0.8, 0.9);
  expect(chooseThreshold({ metric: "f1" }, probabilities, (row) => row >= 2)).toBe(0.55);
  const costs = { falsePositive: 1, falseNegative: 1 };
  // One error at 0.25 and at 0.85, two at 0.55.
  expect(chooseThreshold({ costs }, probabilities, (row) => row === 1 || row === 3)).toBe(0.25);
});

test("what a model is sure of stays where it is", () => {
  const costs = { falsePositive: 9, falseNegative: 1 };
  // A probability of 1 is no less than any threshold, and of 0 none is.
  expect(chooseThreshold({ costs }, Float64Array.of(1, 0.4), (row) => row === 1)).toBe(0.2);
  expect(chooseThreshold({ metric: "f1" }, Float64Array.of(0, 0.4), (row) => row === 0)).toBe(0.7);
  expect(chooseThreshold({ metric: "f1" }, Float64Array.of(0, 0), (row) => row === 0)).toBeNull();
});
