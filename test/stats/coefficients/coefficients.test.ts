import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import { reportCoefficients } from "../../../src/stats/coefficients/coefficients.ts";
import { findDivergence } from "../../../src/stats/coefficients/divergence.ts";
import { isZeroColumn, type PagedRows } from "../../../src/stats/coefficients/input-rows.ts";
import type { LinearFit } from "../../../src/stats/coefficients/linear-fit.ts";
import { quantile95, twoSidedTail } from "../../../src/stats/coefficients/tail-probability.ts";
import { describeTrainingFit } from "../../../src/stats/coefficients/training-fit.ts";
import { findSeparatedZeros, findSeparation } from "../../../src/stats/separation.ts";

interface Fixture {
  labels: number[];
  estimates: number[];
  errors: number[];
  pValues: number[];
  lower: number[];
  upper: number[];
  logLikelihood: number;
  deviance?: number;
  nullDeviance?: number;
}
// statsmodels 0.13: see glm-fixtures.py.
const { x, g, models } = JSON.parse(readFileSync(new URL("glm-fixtures.json", import.meta.url), "utf8")) as {
  x: number[];
  g: number[];
  models: Record<LinearFit["model"], Fixture>;
};

const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
const scale = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length);
const features = [
  { type: "number" as const, column: "x", mean, scale, missingIndicator: false },
  { type: "category" as const, column: "g", categories: ["a", "b", "c"], unseen: [], missingIndicator: false },
];
const labelOf = { type: "classes" as const, column: "y", classes: ["p", "q", "r"] };
const numberLabel = { type: "number" as const, column: "y", mean: 10, scale: 4 };

/** The fixture's model in the weights that a network would have: standardised x, a weight for every level, the label standardised. */
const fitOf = (model: LinearFit["model"], l2 = 0): LinearFit => {
  const { estimates, labels } = models[model];
  const linear = model === "linear";
  const outputs = model === "softmax" ? 3 : 1;
  const weight = new Float64Array(4 * outputs);
  const bias = new Float64Array(outputs);
  // Any constant may be added to the levels' weights and taken from the bias, and to all classes of a softmax.
  const extra = 0.7;
  for (let k = 0; k < (model === "softmax" ? 2 : 1); k++) {
    const output = model === "softmax" ? k + 1 : 0;
    const [intercept, slope, second, third] = estimates.slice(4 * k).map((value) => (linear ? value / 4 : value));
    bias[output] = intercept! + slope! * mean - extra - (linear ? 10 / 4 : 0);
    for (const [input, value] of [slope! * scale, extra, extra + second!, extra + third!].entries())
      weight[input * outputs + output] = value;
  }
  return {
    model,
    preprocessing: { features, label: linear ? numberLabel : labelOf, inputs: 4, outputs } as Preprocessing,
    features: Float32Array.from(
      x.flatMap((value, i) => [(value - mean) / scale, ...[0, 1, 2].map((k) => Number(g[i] === k))]),
    ),
    labels: linear ? labels.map((value) => (value - 10) / 4) : labels,
    weight: Float32Array.from(weight),
    bias: Float32Array.from(bias),
    l2,
    separated: false,
  };
};

describe("coefficients agree with statsmodels:", () => {
  it.each(["linear", "logistic", "poisson", "softmax"] as const)("%s regression", (model) => {
    const { estimates, errors, pValues, lower, upper } = models[model];
    const { coefficients, notes } = reportCoefficients(fitOf(model));
    expect(notes).toEqual([]);
    expect(coefficients.map(({ term }) => term).slice(0, 4)).toEqual(["(intercept)", "x", "g=b", "g=c"]);
    expect(coefficients.map((one) => one.class)).toEqual(
      model === "softmax" ? [..."qqqqrrrr"] : [undefined, undefined, undefined, undefined],
    );
    for (const [i, own] of coefficients.entries()) {
      // Weights are float32.
      expect(own.estimate).toBeCloseTo(estimates[i]!, 5);
      expect(own.standardError! / errors[i]!).toBeCloseTo(1, 5);
      expect(own.pValue).toBeCloseTo(pValues[i]!, 5);
      expect(own.lower).toBeCloseTo(lower[i]!, 4);
      expect(own.upper).toBeCloseTo(upper[i]!, 4);
    }
  });

  it("log-likelihoods and deviances", () => {
    for (const model of ["linear", "logistic", "poisson", "softmax"] as const)
      expect(describeTrainingFit(fitOf(model)).logLikelihood).toBeCloseTo(models[model].logLikelihood, 4);
    const { deviance, nullDeviance } = describeTrainingFit(fitOf("poisson"));
    expect(deviance).toBeCloseTo(models.poisson.deviance!, 5);
    expect(nullDeviance).toBeCloseTo(models.poisson.nullDeviance!, 9);
  });
});

describe("two groups of counts with the means 1 and 3", () => {
  const counts = [0, 0, 1, 3, 0, 2, 1, 1, 3, 5];
  const fit: LinearFit = {
    model: "poisson",
    preprocessing: {
      features: [{ ...features[1]!, column: "g", categories: ["A", "B"] }],
      label: { ...numberLabel, mean: 0, scale: 1 },
      inputs: 2,
      outputs: 1,
    } as Preprocessing,
    features: Float32Array.from(counts.flatMap((_, i) => (i < 8 ? [1, 0] : [0, 1]))),
    labels: counts,
    weight: Float32Array.of(0, Math.log(4)),
    bias: Float32Array.of(0),
    l2: 0,
    separated: false,
  };

  it("have the log ratio and the error that can be worked out by hand: √(1/8 + 1/8)", () => {
    const [, ratio] = reportCoefficients(fit).coefficients;
    expect(ratio).toMatchObject({ term: "g=B" });
    expect(ratio?.estimate).toBeCloseTo(Math.log(4), 6);
    expect(ratio?.standardError).toBeCloseTo(Math.sqrt(1 / 8 + 1 / 8), 6);
  });

  it("have no error where a group has no count at all", () => {
    const none = {
      ...fit,
      separated: true,
      labels: counts.map((count, i) => (i < 8 ? count : 0)),
      weight: Float32Array.of(0, -14),
    };
    const { coefficients } = reportCoefficients(none);
    expect(
      coefficients.every(
        ({ standardError, pValue, lower }) => standardError === null && pValue === null && lower === null,
      ),
    ).toBe(true);
  });
});

describe("where numbers would mislead", () => {
  const line = (l2: number, columns: number[][], labels: number[], weights: number[]): LinearFit => ({
    model: "logistic",
    preprocessing: {
      features: columns[0]!.map((_, i) => ({
        type: "number",
        column: `x${i}`,
        mean: 0,
        scale: 1,
        missingIndicator: false,
      })),
      label: labelOf,
      inputs: columns[0]!.length,
      outputs: 1,
    } as Preprocessing,
    features: Float32Array.from(columns.flat()),
    labels,
    weight: Float32Array.from(weights),
    bias: Float32Array.of(0),
    l2,
    separated: false,
  });
  const apart = [[-2], [-1], [-0.5], [0.5], [1], [2]];

  it("gives separated classes errors with a penalty alone, and no test even then", () => {
    const labels = [0, 0, 0, 1, 1, 1];
    const without = reportCoefficients({ ...line(0, apart, labels, [30]), separated: true });
    expect(without.coefficients.every(({ standardError }) => standardError === null)).toBe(true);
    const penalised = reportCoefficients({ ...line(0.1, apart, labels, [1.5]), separated: true });
    expect(penalised.coefficients[1]?.standardError).toBeGreaterThan(0);
    expect(penalised.coefficients.map(({ statistic, pValue }) => [statistic, pValue])).toEqual([
      [null, null],
      [null, null],
    ]);
    expect(penalised.notes).toEqual([]);
    const held = reportCoefficients(line(0.1, apart, labels, [1.5]));
    expect(held.notes).toMatchObject([{ code: "penalised", message: expect.stringContaining("no tests") }]);
    expect(held.coefficients[1]?.standardError).toBeGreaterThan(0);
    expect(held.coefficients.every(({ statistic, pValue }) => statistic === null && pValue === null)).toBe(true);
  });

  it("names columns that can be computed from others", () => {
    const twice = [-2, -1, 0.5, 1, 2, -1, 1.5, -0.5].map((value) => [value, 2 * value]);
    const { notes, coefficients } = reportCoefficients(line(0, twice, [0, 1, 0, 1, 1, 0, 0, 1], [0.2, 0.1]));
    expect(notes).toMatchObject([{ code: "collinear", message: expect.stringMatching(/^x1 can be computed/) }]);
    expect(coefficients.every(({ standardError }) => standardError === null)).toBe(true);
  });

  it("has no term for a constant, and no error from too few rows", () => {
    const level = [
      [-1, 0],
      [1, 0],
      [0.5, 0],
    ];
    const { notes, coefficients } = reportCoefficients(line(0, level.slice(0, 2), [1, 0], [0.1, 0]));
    expect(coefficients.map(({ term }) => term)).toEqual(["(intercept)", "x0"]);
    expect(notes.map(({ code }) => code)).toEqual(["too_few_rows"]);
  });
});

describe("tail probabilities agree with SciPy:", () => {
  it.each([
    [1.96, Number.POSITIVE_INFINITY, 0.04999579029644087],
    [4.2, Number.POSITIVE_INFINITY, 2.669149803181262e-5],
    [9, Number.POSITIVE_INFINITY, 2.2571768119076835e-19],
    [2.1, 5, 0.08975324988459868],
    [1, 1, 0.5],
    [0.3, 50, 0.7654208802553032],
  ])("P(|T| > %d) with %d degrees of freedom", (t, degrees, expected) => {
    expect(twoSidedTail(t, degrees) / expected).toBeCloseTo(1, 9);
  });

  it("and the quantiles that belong to them", () => {
    expect(quantile95(Number.POSITIVE_INFINITY)).toBeCloseTo(1.959963984540054, 12);
    expect(quantile95(1)).toBeCloseTo(12.706204736432095, 9);
    expect(quantile95(7)).toBeCloseTo(2.3646242515927844, 12);
  });
});

describe("a table with more columns than a report lists", () => {
  it("is reported without its coefficients, and it is said where they are", () => {
    const inputs = 15_000;
    const wide = Array.from({ length: inputs }, (_, i) => ({
      type: "number" as const,
      column: `gene_${i}`,
      mean: 1,
      scale: 2,
      missingIndicator: false,
    }));
    const rows = 4;
    const fit: LinearFit = {
      ...fitOf("logistic"),
      preprocessing: { features: wide, label: labelOf, inputs, outputs: 1 } as unknown as Preprocessing,
      features: Float32Array.from({ length: rows * inputs }, (_, at) => (at % 7) - 3),
      labels: Float64Array.from([0, 1, 0, 1]),
      weight: new Float32Array(inputs).fill(0.001),
    };
    const report = reportCoefficients(fit);
    expect(report.coefficients).toEqual([]);
    expect(report.notes.map(({ code }) => code)).toEqual(["too_many_coefficients"]);
  });
});

describe("inputs that are brought some rows at a time", () => {
  /** Pages of seven rows, whose memory is used again for the next. */
  const paged = (all: ArrayLike<number>, inputs: number): PagedRows => {
    const page = new Float32Array(7 * inputs);
    return {
      from: (row) => {
        const part = Array.from(all).slice(row * inputs, (row + 7) * inputs);
        page.set(part);
        return page.subarray(0, part.length);
      },
    };
  };

  for (const model of Object.keys(models) as LinearFit["model"][])
    it(`give the same to the bit: ${model}`, () => {
      for (const l2 of [0, 0.1]) {
        const held = fitOf(model, l2);
        const inPages = { ...held, features: paged(held.features as Float32Array, 4) };
        expect(reportCoefficients(inPages)).toEqual(reportCoefficients(held));
        expect(describeTrainingFit(inPages)).toEqual(describeTrainingFit(held));
      }
    });

  it("tell the same of separated rows", () => {
    const rows = Array.from({ length: 60 }, (_, i) => [(i % 7) - 3, ((i * 5) % 11) - 5, 0]);
    const [all, inputs] = [Float32Array.from(rows.flat()), 3];
    const columns = rows[0]!.map((_, i) => ({ ...features[0]!, column: `x${i}`, mean: 0, scale: 1 }));
    const preprocessing = { features: columns, label: labelOf, inputs, outputs: 1 } as unknown as Preprocessing;
    const alone = rows.map(([a]) => Number(a! > 0));
    const together = rows.map(([a, b]) => Number(a! + b! > 0.5));
    const counts = rows.map(([a]) => (a! > 0 ? 0 : 1));
    for (const of of [all, paged(all, inputs)]) {
      expect(findSeparation({ features: of, inputs, labels: alone }, 2)).toEqual({ input: 0, class: 0 });
      expect(findDivergence({ features: of, labels: together, preprocessing, model: "logistic" })?.sort()).toEqual([
        "x0",
        "x1",
      ]);
      expect(findSeparatedZeros({ features: of, inputs, labels: counts })).toBeNull();
      expect([0, 1, 2].map(isZeroColumn(of, inputs, rows.length))).toEqual([false, false, true]);
    }
  });
});
