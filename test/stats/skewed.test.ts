import { describe, expect, test } from "vitest";
import { createRandomStream } from "../../src/engine/kernels/philox.ts";
import { estimateExplained, estimateMean } from "../../src/stats/estimate.ts";
import { unitSums } from "../../src/stats/sampling.ts";
import { skewedEnds, skewnessOf } from "../../src/stats/skewed.ts";

describe("an interval of a mean of skewed values", () => {
  test("has the ends of Hall's transformation, and Student's where there is no skewness", () => {
    // g⁻¹(1.98) and −g⁻¹(−1.98) by the formula, γ = 4, n = 100.
    const { below, above } = skewedEnds(1.98, 4, 100);
    const g = (t: number): number => t + (0.4 * t ** 2) / 3 + (0.16 * t ** 3) / 27 + 0.4 / 6;
    expect(g(below)).toBeCloseTo(1.98, 12);
    expect(g(-above)).toBeCloseTo(-1.98, 12);
    expect(above).toBeGreaterThan(2 * below);
    expect(skewedEnds(1.98, 0, 100)).toEqual({ below: 1.98, above: 1.98 });
    expect(skewedEnds(1.98, -4, 100)).toEqual({ below: above, above: below });
  });

  test("takes the skewness from the rows, or from the sums of units", () => {
    // Of 0, 0, 0, 4: deviations −1, −1, −1, 3; Σ³/4 = 6, Σ²/4 = 3.
    expect(skewnessOf([0, 0, 0, 4])).toBeCloseTo(6 / 3 ** 1.5, 12);
    expect(skewnessOf([2, 2, 2])).toBe(0);
    expect(skewnessOf(unitSums([0, 0, 0, 0, 1, 3], Int32Array.of(0, 1, 2, 2, 3, 3)))).toBeCloseTo(6 / 3 ** 1.5, 12);
  });

  test("holds the mean of squared errors more often than Student's", () => {
    const samples = Array.from({ length: 600 }, (_, index) => {
      const { uniform } = createRandomStream({ seedLow: 11, seedHigh: 0, purpose: 1, index });
      // Exponential values: their squares have the mean 2, and a skewness of 6.6.
      return Float64Array.from({ length: 100 }, () => Math.log(1 - uniform()) ** 2);
    });
    const held = (intervals: { lower: number | null; upper: number | null }[]): number =>
      intervals.filter(({ lower, upper }) => lower! <= 2 && 2 <= upper!).length / samples.length;
    const corrected = held(samples.map((sample) => estimateMean(sample)));
    const students = held(samples.map((sample) => estimateMean(sample, { skewness: 0 })));
    expect(students).toBeLessThan(0.9);
    expect(corrected).toBeGreaterThan(students + 0.03);
  });

  test("of differences is on no side shorter than Student's", () => {
    const values = [-0.2, 0.1, 0.3, -0.1, 4];
    const [wide, students, halls] = [{ eitherSide: true as const }, { skewness: 0 }, {}].map((known) =>
      estimateMean(values, known),
    );
    expect(wide).toEqual({ ...students, upper: halls!.upper });
    expect(halls!.lower).toBeGreaterThan(students!.lower!);
  });

  test("of what is explained leans the other way", () => {
    const [a, b] = [Float64Array.of(0, 0, 0, 0, 1), Float64Array.of(4, 5, 4, 5, 5)];
    const { value, lower, upper } = estimateExplained(a, b)!;
    expect(value - lower!).toBeGreaterThan(upper! - value);
  });
});
