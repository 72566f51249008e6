import { describe, expect, it } from "vitest";
import { Report } from "../../src/domain/models/report.ts";
import { reportClassification } from "../../src/stats/classification-report.ts";
import { logNormal, logPoisson, reportRegression } from "../../src/stats/regression-report.ts";

// Expected numbers: SciPy 1.10 and scikit-learn 1.2.
const three = {
  split: "test" as const,
  classes: ["a", "b", "c"],
  probabilities: Float64Array.of(0.7, 0.2, 0.1, 0.1, 0.8, 0.1, 0.3, 0.3, 0.4, 0.5, 0.25, 0.25, 0.05, 0.05, 0.9),
  truths: Int32Array.of(0, 1, 2, 1, 2),
  trainCounts: [10, 20, 10],
  distribution: "categorical",
};

describe("a classifier's report", () => {
  it("has scikit-learn's log loss and the Brier score of several classes", () => {
    const report = reportClassification(three);
    expect(report.logLikelihood?.value).toBeCloseTo(-0.5975528207809627, 12);
    expect(report.brier.value).toBeCloseTo(0.326, 12);
    expect(report.areaUnderRoc).toBeNull();
    expect(Report.parse(report)).toEqual(report);
  });

  it("has a Brier score whose interval ends where the score does, at 0 and 2", () => {
    // Sure of the wrong class in two rows of three.
    const probabilities = Float64Array.of(0, 1, 0, 1, 0, 0, 0, 0.1, 0.9);
    const { brier } = reportClassification({ ...three, probabilities, truths: Int32Array.of(0, 1, 2) });
    expect(brier.value).toBeCloseTo(4.02 / 3, 12);
    expect([brier.lower, brier.upper]).toEqual([0, 2]);
  });

  it("counts what was taken for what", () => {
    const report = reportClassification(three);
    expect(report.confusion).toEqual([
      [1, 0, 0],
      [1, 1, 0],
      [0, 0, 2],
    ]);
    expect(report.accuracy.value).toBe(0.8);
    expect(report.baselineAccuracy).toBe(0.4);
    expect(report.classes.map(({ rows, predicted }) => [rows, predicted])).toEqual([
      [1, 2],
      [2, 1],
      [2, 2],
    ]);
    expect(report.classes[0]?.precision?.value).toBe(0.5);
    expect(report.classes[1]?.recall?.value).toBe(0.5);
  });

  it("explains no deviance when it says the training shares, and all of it when it is always sure and right", () => {
    const shares = Float64Array.from({ length: 15 }, (_, i) => [0.25, 0.5, 0.25][i % 3]!);
    expect(reportClassification({ ...three, probabilities: shares }).devianceExplained?.value).toBeCloseTo(0, 12);
    const sure = Float64Array.from({ length: 15 }, (_, i) => Number(three.truths[Math.floor(i / 3)] === i % 3));
    const perfect = reportClassification({ ...three, probabilities: sure });
    expect(perfect.devianceExplained?.value).toBe(1);
    expect(perfect.calibrationError).toBe(0);
  });

  it("survives a probability of 0 for the truth, and classes that no row has", () => {
    const report = reportClassification({
      ...three,
      probabilities: Float64Array.of(1, 0, 0, 1, 0, 0),
      truths: Int32Array.of(1, 0),
    });
    expect(report.logLikelihood?.value).toBeCloseTo((-126 * Math.LN2) / 2, 9);
    expect(report.classes[2]).toMatchObject({ rows: 0, predicted: 0, precision: null, recall: null });
  });

  it("finds an over-confident model miscalibrated", () => {
    const rows = 200;
    const probabilities = Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? 0.95 : 0.05));
    const truths = Int32Array.from({ length: rows }, (_, row) => Number(row % 10 < 3));
    const report = reportClassification({
      ...three,
      classes: ["a", "b"],
      trainCounts: [140, 60],
      probabilities,
      truths,
    });
    expect(report.calibrationError).toBeCloseTo(0.25, 12);
    expect(report.calibration).toHaveLength(10);
    // SciPy: E|X − 19|/20 of a binomial X of 20 rows and 0.95.
    expect(report.calibrationErrorByChance).toBeCloseTo(0.035848592240854224, 12);
    const grouped = { unitOf: Int32Array.from(truths, (_, row) => row >> 1), inflation: 1 };
    const answers = { ...three, classes: ["a", "b"], trainCounts: [140, 60], probabilities, truths };
    expect(reportClassification({ ...answers, sampling: grouped }).calibrationErrorByChance).toBeNull();
  });

  it("says how far from 0 the calibration error of so few rows is by chance", () => {
    // One row a bin: the mean of 2p(1 − p).
    expect(reportClassification(three).calibrationErrorByChance).toBeCloseTo(0.38, 12);
    // Of more rows than are summed exactly √(2/π) standard deviations; SciPy's binomial of 1000 rows and 0.8.
    const rows = 10_000;
    const probabilities = Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? 0.8 : 0.2));
    const answers = { ...three, classes: ["a", "b"], trainCounts: [1, 1], probabilities };
    const { calibrationErrorByChance } = reportClassification({ ...answers, truths: new Int32Array(rows) });
    expect(calibrationErrorByChance).toBeCloseTo(0.010088115575442435, 4);
  });

  it("promises sets only from rows that were held out", () => {
    const rows = 99;
    const probabilities = Float64Array.from({ length: 2 * rows }, (_, i) =>
      i % 2 === 0 ? (i / 2 + 1) / 100 : 1 - ((i - 1) / 2 + 1) / 100,
    );
    const truths = new Int32Array(rows);
    const answers = { ...three, classes: ["a", "b"], trainCounts: [1, 1], probabilities, truths };
    // Scores 0.01 … 0.99: the 90th smallest is 0.9.
    expect(reportClassification(answers).predictionSets?.threshold).toBeCloseTo(0.1, 12);
    expect(reportClassification({ ...answers, split: "train" }).predictionSets).toBeNull();
  });
});

describe("a regression's report", () => {
  const truths = Float64Array.of(3, -0.5, 2, 7, 4.2, 1.1);
  const predictions = Float64Array.of(2.5, 0, 2, 8, 4, 1.5);

  it("describes the residuals as SciPy does", () => {
    const report = reportRegression({ split: "test", truths, predictions, likelihood: null, counts: false });
    // Of prediction − truth, as the bias.
    expect(report.residuals.skewness).toBeCloseTo(0.18328219304534019, 12);
    const residuals = truths.map((truth, row) => predictions[row]! - truth);
    const [least] = report.residuals.quantiles;
    expect(least!.value).toBeGreaterThanOrEqual(Math.min(...residuals));
    expect(report.residuals.quantiles.at(-1)!.value).toBeGreaterThan(0.9);
    expect(report.residuals.excessKurtosis).toBeCloseTo(-1.0673672358791517, 12);
    expect(report.bias.value).toBeCloseTo(0.2, 12);
    expect(report.distribution).toBeNull();
    expect(report.predictionInterval).toBeNull();
    expect(Report.parse(report)).toEqual(report);
  });

  it("has the likelihoods of SciPy", () => {
    expect(logNormal(1.3, 0.7, 0.4)).toBeCloseTo(-0.9107931672675953, 12);
    expect(logPoisson(0, 0.5)).toBeCloseTo(-0.5, 12);
    expect(logPoisson(3, 2.2)).toBeCloseTo(-1.6263873881352442, 12);
    expect(logPoisson(40, 35.5)).toBeCloseTo(-3.0393318555025814, 8);
    expect(logPoisson(1000, 980)).toBeCloseTo(-4.575606823546877, 8);
  });

  it("has no R² for a label that does not vary, and a bound from twenty rows", () => {
    const level = new Float64Array(20).fill(5);
    const off = level.map((value, row) => value + (row + 1) / 10);
    const report = reportRegression({
      split: "test",
      truths: level,
      predictions: off,
      likelihood: null,
      counts: false,
    });
    expect(report.r2).toBeNull();
    expect(report.notes.map(({ code }) => code)).toEqual(["constant_label"]);
    const one = { predictions: off.subarray(0, 1), truths: level.subarray(0, 1), likelihood: null, counts: false };
    expect(reportRegression({ split: "test", ...one }).residuals.standardDeviation).toBeNull();
    // What was learnt from is no measure of new rows.
    const seen = reportRegression({ split: "train", truths: level, predictions: off, likelihood: null, counts: false });
    expect(seen.notes.map(({ code }) => code)).toEqual(["constant_label", "training_rows"]);
    // ⌈21 · 0.9⌉ = 19th smallest of 0.1 … 2.0
    expect(report.predictionInterval?.halfWidth).toBeCloseTo(1.9, 12);
  });
});

describe("a Poisson regression's report", () => {
  it("explains deviance as scikit-learn's d2_tweedie_score does, and has no log-likelihood above 0", () => {
    const truths = Float64Array.of(0, 1, 3, 2, 5, 0, 1, 4);
    const predictions = Float64Array.of(0.5, 1.2, 2.1, 1.7, 4.4, 0.9, 1.4, 2.5);
    const likelihood = {
      distribution: "Poisson",
      logOf: (row: number) => logPoisson(truths[row]!, predictions[row]!),
      deviance: {
        // The mean of these rows, as scikit-learn takes it.
        nullLogOf: (row: number) => logPoisson(truths[row]!, 2),
        saturatedLogOf: (row: number) => logPoisson(truths[row]!, truths[row]!),
      },
    };
    const report = reportRegression({ split: "train", truths, predictions, likelihood, counts: true });
    expect(report.devianceExplained?.value).toBeCloseTo(0.7083228756228471, 12);
    expect(report.logLikelihood?.upper).toBeLessThanOrEqual(0);
    expect(report.devianceExplained?.upper).toBeLessThanOrEqual(1);
  });
});

describe("what cannot be said is said", () => {
  it("of a constant label, whose mean is not the label in its last bit", () => {
    // The mean of three times 0.1 is 0.10000000000000002.
    const truths = Float64Array.of(0.1, 0.1, 0.1);
    const predictions = Float64Array.of(0.2, 0.3, 0.1);
    const report = reportRegression({ split: "test", truths, predictions, likelihood: null, counts: false });
    expect(report.r2).toBeNull();
    expect(report.notes.map(({ code }) => code)).toEqual(["constant_label", "too_few_rows"]);
    expect(report.notes[0]?.message).toContain("the label is 0.1 in every row of the test split");
    expect(report.notes[1]?.message).toContain("has 3 rows");
    expect(report.notes[1]?.message).toContain("below 9");
  });

  it("of one row: no interval has the width 0", () => {
    const one = Float64Array.of(2);
    const report = reportRegression({ split: "test", truths: one, predictions: one, likelihood: null, counts: false });
    expect(report.rootMeanSquaredError).toEqual({ value: 0, lower: null, upper: null });
    expect(report.notes.map(({ code }) => code)).toEqual(["too_few_rows"]);
  });

  it("of two classes of which the rows have one", () => {
    const report = reportClassification({
      ...three,
      classes: ["no", "yes"],
      trainCounts: [5, 5],
      probabilities: Float64Array.of(0.4, 0.6, 0.3, 0.7, 0.2, 0.8),
      truths: Int32Array.of(1, 1, 1),
    });
    expect(report.areaUnderRoc).toBeNull();
    expect(report.notes.map(({ code }) => code)).toEqual(["constant_label", "too_few_rows"]);
  });

  it("of classes of which the split has no row", () => {
    const report = reportClassification({ ...three, truths: Int32Array.of(0, 0, 2, 0, 2) });
    expect(report.classes[1]).toMatchObject({ rows: 0, recall: null });
    expect(report.notes.map(({ code }) => code)).toEqual(["classes_without_rows", "too_few_rows"]);
    expect(report.notes[0]!.message).toContain('the test split has no row of the class "b"');
    const alone = reportClassification({ ...three, truths: new Int32Array(5) });
    expect(alone.notes[0]!.message).toContain('has no row of the classes "b", "c"');
    expect(reportClassification(three).notes.map(({ code }) => code)).toEqual(["too_few_rows"]);
  });

  it("and a bias that is rounding alone is 0, but none that is more", () => {
    const truths = Float64Array.from({ length: 10 }, (_, i) => 0.1 * (i + 1));
    const moved = (by: number) => {
      const predictions = truths.map((truth, i) => truth + (i % 2 === 0 ? 0.3 : -0.3) + by);
      return reportRegression({ split: "train", truths, predictions, likelihood: null, counts: false }).bias;
    };
    const residuals = truths.map((truth, i) => truth + (i % 2 === 0 ? 0.3 : -0.3) - truth);
    expect(residuals.reduce((sum, residual) => sum + residual, 0)).not.toBe(0);
    expect(moved(0).value).toBe(0);
    expect(moved(0).lower).toBeLessThan(0);
    expect(moved(1e-12).value).toBeCloseTo(1e-12, 15);
  });

  it("and a sure and right classifier's log-likelihood and explained deviance end at 0 and 1", () => {
    const rows = 40;
    const probabilities = Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? 1 : 0) || 1e-12 * i);
    const answers = { ...three, classes: ["a", "b"], trainCounts: [3, 1], probabilities, truths: new Int32Array(rows) };
    answers.truths[7] = 1;
    answers.probabilities[14] = 0.4;
    answers.probabilities[15] = 0.6;
    const report = reportClassification(answers);
    expect(report.logLikelihood?.upper).toBe(0);
    expect(report.devianceExplained?.upper).toBe(1);
  });
});
