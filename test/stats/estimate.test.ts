import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  conformalBound,
  correlation,
  estimateExplained,
  estimateMean,
  estimateRootMean,
  estimateShare,
  quantilesOf,
  ranksOf,
  studentQuantile,
} from "../../src/stats/estimate.ts";
import { estimateAreaUnderRoc } from "../../src/stats/receiver-operating.ts";

// Expected numbers: SciPy 1.10 and scikit-learn 1.2.
const truths = Float64Array.of(3, -0.5, 2, 7, 4.2, 1.1);
const predictions = Float64Array.of(2.5, 0, 2, 8, 4, 1.5);
const residuals = truths.map((truth, i) => truth - predictions[i]!);
const squares = residuals.map((value) => value ** 2);

describe("estimates agree with SciPy and scikit-learn:", () => {
  it.each([
    [1, 12.706204736432095],
    [2, 4.302652729911275],
    [3, 3.182446305284263],
    [4, 2.7764451051977987],
    [5, 2.5705818366147395],
    [10, 2.2281388519649385],
    [30, 2.0422724563012373],
    [200, 1.9718962236316089],
  ])("Student's quantile with %d degrees of freedom", (degrees, expected) => {
    expect(studentQuantile(degrees) / expected).toBeCloseTo(1, 3);
  });

  it.each([
    [0, 10, 0, 0.27753279986288926],
    [3, 10, 0.10779126740630102, 0.6032218525388546],
    [29, 30, 0.8332960900859083, 0.9940914096183875],
    [50, 50, 0.9286524008666412, 1],
  ])("Wilson's interval of %d in %d", (hits, rows, lower, upper) => {
    const estimate = estimateShare(hits, rows);
    expect(estimate.value).toBe(hits / rows);
    expect(estimate.lower).toBeCloseTo(lower, 12);
    expect(estimate.upper).toBeCloseTo(upper, 12);
  });

  it("R² with the delta method's interval, and the root mean squared error", () => {
    const center = truths.reduce((sum, value) => sum + value, 0) / truths.length;
    const r2 = estimateExplained(
      squares,
      truths.map((value) => (value - center) ** 2),
    );
    expect(r2?.value).toBeCloseTo(0.9500880798590722, 12);
    // NumPy, with SciPy's quantile: Hall's transformation of the influences, whose skewness is −0.308. Student's would be 0.9163 to 0.9838.
    expect(r2?.lower).toBeCloseTo(0.9196714150633837, 3);
    expect(r2?.upper).toBeCloseTo(0.9886653687200616, 3);
    expect(estimateRootMean(squares).value).toBeCloseTo(0.5322906474223771, 12);
  });

  it("quantiles, and Spearman's correlation with ties", () => {
    const shares = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];
    const expected = [-0.975, -0.875, -0.475, -0.2, 0.15, 0.425, 0.485];
    for (const [i, { value }] of quantilesOf(residuals, shares).entries()) expect(value).toBeCloseTo(expected[i]!, 12);
    expect(quantilesOf(Float64Array.of(1e308, -1e308), [0, 1]).map(({ value }) => value)).toEqual([-1e308, 1e308]);
    expect(correlation(ranksOf(residuals.map(Math.abs)), ranksOf(predictions))).toBeCloseTo(0.23190841426097936, 12);
  });

  it("the area under the ROC with DeLong's interval on the logit scale, by its definition over all pairs", () => {
    const scores = Float64Array.of(0.1, 0.4, 0.35, 0.8, 0.7, 0.4, 0.9, 0.2, 0.55, 0.6);
    const second = [0, 0, 1, 1, 1, 0, 1, 0, 0, 1];
    const area = estimateAreaUnderRoc(scores, (row) => second[row] === 1);
    expect(area?.value).toBeCloseTo(0.88, 12);
    // DeLong's own variance, 0.0168 = 0.1296…², gives 0.626 to 1.134.
    const [error, logit] = [(0.88 - 0.6259596327595529) / 1.959963984540054, Math.log(0.88 / 0.12)];
    const half = (1.959963984540054 * error) / (0.88 * 0.12);
    expect(area?.lower).toBeCloseTo(1 / (1 + Math.exp(half - logit)), 12);
    expect(area?.upper).toBeCloseTo(1 / (1 + Math.exp(-half - logit)), 12);
    expect(estimateAreaUnderRoc(scores, () => true)).toBeNull();
  });
});

describe("a conformal bound", () => {
  it("leaves at most the requested share of its own scores above it, and there is none where rows are too few", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 }),
        fc.constantFrom(0.5, 0.8, 0.9, 0.95),
        (values, coverage) => {
          const bound = conformalBound(Float64Array.from(values), coverage);
          const needed = Math.ceil((values.length + 1) * coverage);
          if (needed > values.length) expect(bound).toBeNull();
          else expect(values.filter((value) => value <= bound!).length).toBeGreaterThanOrEqual(needed);
        },
      ),
    );
  });
});

describe("an area under the ROC that sampling variance says nothing of", () => {
  const areaOf = (first: number, second: number) =>
    estimateAreaUnderRoc(
      Float64Array.from({ length: first + second }, (_, row) => row),
      (row) => row >= first,
    );

  it("has an interval below 1 where no row is out of order, narrower with more rows", () => {
    // (1 − θ)² = z² V(θ), solved by hand for m = n = 5: θ = 0.6848.
    const five = areaOf(5, 5);
    const theta = five?.lower ?? 0;
    const spread = 1 + 4 * ((1 - theta) / (2 - theta) + theta / (1 + theta));
    expect((1 - theta) ** 2).toBeCloseTo((1.959963984540054 ** 2 * theta * (1 - theta) * spread) / 25, 12);
    expect(five).toMatchObject({ value: 1, upper: 1 });
    expect(theta).toBeGreaterThan(0.5);
    expect(theta).toBeLessThan(0.8);
    expect(areaOf(100, 100)?.lower).toBeGreaterThan(0.97);
  });

  it("is as little sure as one comparison where each class has one row", () => {
    expect(areaOf(1, 1)?.lower).toBeCloseTo(estimateShare(1, 1).lower ?? 0, 9);
  });

  it("mirrors when the classes change places", () => {
    const mirrored = estimateAreaUnderRoc(Float64Array.of(0, 1, 2, 3, 4, 5), (row) => row < 3);
    expect(mirrored?.value).toBe(0);
    expect(mirrored?.lower).toBe(0);
    expect(mirrored?.upper).toBeCloseTo(1 - (areaOf(3, 3)?.lower ?? 0), 9);
  });
});

describe("an interval of a mean", () => {
  const none = { lower: null, upper: null };

  it("is not given of one row, nor of rows that are all alike", () => {
    expect(estimateMean([3])).toEqual({ value: 3, ...none });
    expect(estimateMean([3, 3, 3])).toEqual({ value: 3, ...none });
    expect(estimateRootMean(Float64Array.of(4))).toEqual({ value: 2, ...none });
    expect(estimateExplained(Float64Array.of(1), Float64Array.of(4))).toEqual({ value: 0.75, ...none });
  });

  it("holds the value, and ends at what is possible", () => {
    const value = fc.double({ min: -1e6, max: 0, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 2 }), (values) => {
        fc.pre(new Set(values).size > 1);
        const estimate = estimateMean(values, { most: 0 });
        fc.pre(estimate.lower !== null && estimate.upper !== null);
        expect(estimate.lower).toBeLessThanOrEqual(estimate.value);
        expect(estimate.upper).toBeGreaterThanOrEqual(estimate.value);
        expect(estimate.upper).toBeLessThanOrEqual(0);
      }),
    );
    expect(estimateExplained(Float64Array.of(0, 1, 0), Float64Array.of(3, 4, 5))?.upper).toBe(1);
  });
});
