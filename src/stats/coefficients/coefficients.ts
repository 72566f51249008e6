import type { Coefficient } from "../../domain/models/inference.ts";
import type { ReportNote } from "../../domain/models/report.ts";
import { weightAt } from "../sampling.ts";
import { informationOf } from "./information.ts";
import { isZeroColumn } from "./input-rows.ts";
import { countedIn, fittedMeans, type LinearFit } from "./linear-fit.ts";
import { invert, type Symmetric } from "./positive-definite.ts";
import { mostListed, notListed } from "./solved-columns.ts";
import { quantile95, twoSidedTail } from "./tail-probability.ts";
import { type Term, termsOf } from "./terms.ts";

/** Rows × coefficients² that standard errors may cost: about two seconds. */
const mostWork = 2e9;
const mostCoefficients = 400;

export interface CoefficientReport {
  coefficients: Coefficient[];
  notes: ReportNote[];
}

/** Contrast k of the model's own weights (bias first): softmax's classes are compared with the first. */
const contrastOf = ({ model, weight, bias }: LinearFit, k: number): Float64Array => {
  const outputs = bias.length;
  const inputs = weight.length / outputs;
  const own = (i: number, output: number): number => (i === 0 ? bias[output]! : weight[(i - 1) * outputs + output]!);
  return Float64Array.from({ length: inputs + 1 }, (_, i) =>
    model === "softmax" ? own(i, k + 1) - own(i, 0) : own(i, 0),
  );
};

const combine = (parts: Term["parts"], values: ArrayLike<number>): number =>
  parts.reduce((sum, { at, factor }) => sum + factor * values[at]!, 0);

/**
 * The penalty's curvature on all weights beside the information: l2 · rows for each weight (half of it where the loss is a squared error without its ½), and, as
 * softmax's classes share it, (δₖₗ − 1/classes) of it between contrasts. The inverse of the sum is the covariance of the posterior's normal approximation.
 */
const addPenalty = (fit: LinearFit, { size, values }: Symmetric, width: number, variance: number): void => {
  const rows = countedIn(fit).total;
  const dispersion = fit.model === "linear" ? 2 * variance : fit.model === "gamma" ? variance : 1;
  const curvature = (fit.l2 * rows) / dispersion;
  const classes = fit.bias.length;
  for (let at = 0; at < size; at++)
    for (let other = at % width; other < size; other += width) {
      if (at % width === 0) continue;
      const share = fit.model === "softmax" ? (at === other ? 1 : 0) - 1 / classes : 1;
      values[at * size + other]! += curvature * share;
    }
};

/** Covariances of the terms, contrast by contrast; or why there are none. */
const covarianceOf = (
  fit: LinearFit,
  means: Float64Array,
  terms: readonly Term[],
  variance: number,
): { covariance: Float64Array } | { dependent: number[] } => {
  if (fit.l2 === 0) {
    const inverted = invert(
      informationOf(
        fit,
        means,
        terms.map(({ input }) => input),
        variance,
      ),
    );
    return "inverse" in inverted ? { covariance: inverted.inverse } : inverted;
  }
  const width = fit.preprocessing.inputs + 1;
  const information = informationOf(
    fit,
    means,
    Array.from({ length: width }, (_, i) => (i === 0 ? null : i - 1)),
    variance,
  );
  addPenalty(fit, information, width, variance);
  const inverted = invert(information);
  if ("dependent" in inverted) return inverted;
  const { inverse } = inverted;
  const contrasts = information.size / width;
  const size = contrasts * terms.length;
  const covariance = new Float64Array(size * size);
  const block = (k: number, l: number, a: Term, b: Term): number =>
    a.parts.reduce(
      (sum, { at, factor }) =>
        sum +
        factor *
          b.parts.reduce(
            (inner, part) => inner + part.factor * inverse[(k * width + at) * information.size + l * width + part.at]!,
            0,
          ),
      0,
    );
  for (let k = 0; k < contrasts; k++)
    for (const [i, a] of terms.entries())
      for (const [j, b] of terms.entries())
        covariance[(k * terms.length + i) * size + k * terms.length + j] = block(k, k, a, b);
  return { covariance };
};

/** In the units of the data: a slope per unit of x, and the intercept at x = 0. */
const inUnits = (
  values: Float64Array,
  covariance: ((i: number, j: number) => number) | null,
  terms: readonly Term[],
): { estimate: number; error: number | null }[] =>
  terms.map((term, i) => {
    // The intercept is γ₀ − Σ γⱼ·meanⱼ/scaleⱼ, a slope γᵢ/scaleᵢ: a table of genes has many of these, so each looks at its own entry alone.
    const used =
      term.input === null
        ? terms.flatMap(({ input, mean, scale }, j) => {
            const factor = input === null ? 1 : -mean / scale;
            return factor === 0 ? [] : [{ factor, j }];
          })
        : [{ factor: 1 / term.scale, j: i }];
    const estimate = used.reduce((sum, { factor, j }) => sum + factor * values[j]!, 0);
    if (covariance === null) return { estimate, error: null };
    let square = 0;
    for (const a of used) for (const b of used) square += a.factor * b.factor * covariance(a.j, b.j);
    return { estimate, error: Math.sqrt(Math.max(0, square)) };
  });

/** What solved models have beside. */
const further = { ratio: null, robust: null, clustered: null, varianceInflation: null };

const withTest = (
  term: string,
  own: { estimate: number | null; error: number | null },
  degrees: number,
  { classLabel, tested }: { classLabel: string | undefined; tested: boolean },
): Coefficient => {
  const { estimate, error } = own;
  const named = { term, ...(classLabel === undefined ? {} : { class: classLabel }), estimate };
  if (estimate === null || error === null || !(error > 0))
    return { ...named, ...further, standardError: null, statistic: null, pValue: null, lower: null, upper: null };
  const half = quantile95(degrees) * error;
  // A penalty pulls the estimate towards 0, and makes the error smaller: their ratio tests nothing.
  const statistic = tested ? estimate / error : null;
  return {
    ...named,
    ...further,
    standardError: error,
    statistic,
    pValue: statistic === null ? null : twoSidedTail(statistic, degrees),
    lower: estimate - half,
    upper: estimate + half,
  };
};

/** Of a Gamma in shares of the mean. */
const squaredResidual = (fit: LinearFit, means: Float64Array): number =>
  means.reduce((sum, mean, row) => {
    const unit = fit.model === "gamma" ? mean : 1;
    return sum + weightAt(fit, row) * ((fit.labels[row]! - mean) / unit) ** 2;
  }, 0);

/** Why no errors are given, or what must be known of them. */
const notesOf = (
  fit: LinearFit,
  dependent: readonly string[],
  counts: { rows: number; parameters: number; work: number },
): ReportNote[] => {
  const notes: ReportNote[] = [];
  if (counts.parameters > mostListed) return [notListed(counts.parameters)];
  const add = (code: string, message: string): void => void notes.push({ code, message });
  if (dependent.length > 0)
    add(
      "collinear",
      `${dependent.join(", ")} can be computed from the other features: their coefficients have no values of their own, so none has an error; leave features out, or take a penalty`,
    );
  if (fit.l2 === 0 && counts.rows <= counts.parameters)
    add("too_few_rows", `${counts.rows} training rows do not determine ${counts.parameters} coefficients and an error`);
  if (counts.work > mostWork || counts.parameters > mostCoefficients)
    add("too_many_coefficients", `errors of ${counts.parameters} coefficients are not computed`);
  else if (fit.l2 > 0 && !fit.separated)
    add(
      "penalised",
      `l2 = ${fit.l2.toPrecision(3)} shrinks the coefficients: errors and intervals are those of the posterior under the prior that the penalty stands for, and there are no tests`,
    );
  return notes;
};

/**
 * The coefficients of a linear, logistic, softmax, Poisson, Gamma or negative binomial model in the units of the data, with standard errors from the Fisher information of the training rows
 * at the weights as they are, z tests (t for numbers), p values and 95 % intervals. Where the likelihood has no finite maximum or columns depend on each other,
 * no number stands where it would mislead.
 */
export const reportCoefficients = (fit: LinearFit): CoefficientReport => {
  const { preprocessing, labels } = fit;
  const { rows } = countedIn(fit);
  const { inputs, label } = preprocessing;
  const terms = termsOf(preprocessing, isZeroColumn(fit.features, inputs, labels.length));
  const contrasts = fit.model === "softmax" ? fit.bias.length - 1 : 1;
  const parameters = terms.length * contrasts;
  const width = contrasts * (fit.l2 === 0 ? terms.length : inputs + 1);
  const work = rows * width ** 2;
  const means = fittedMeans(fit);
  const dispersed = fit.model === "linear" || fit.model === "gamma";
  const degrees = dispersed ? rows - parameters : Number.POSITIVE_INFINITY;
  const variance = dispersed ? squaredResidual(fit, means) / Math.max(1, degrees) : 1;
  const known = fit.l2 > 0 || (!fit.separated && rows > parameters);
  const possible = known && degrees > 0 && variance > 0 && work <= mostWork && width <= mostCoefficients;
  const found = possible ? covarianceOf(fit, means, terms, variance) : null;
  const dependent = found !== null && "dependent" in found ? found.dependent : [];
  const covariance = found !== null && "covariance" in found ? found.covariance : null;
  const units = label.type === "number" ? label : { mean: 0, scale: 1 };
  const listed = parameters > mostListed ? 0 : contrasts;
  const coefficients = Array.from({ length: listed }, (_, k) => k).flatMap((k) => {
    const own = contrastOf(fit, k);
    const values = Float64Array.from(terms, ({ parts }) => combine(parts, own));
    const at = (i: number, j: number): number =>
      covariance![(k * terms.length + i) * parameters + k * terms.length + j]!;
    const classLabel = fit.model === "softmax" && label.type === "classes" ? label.classes[k + 1] : undefined;
    return inUnits(values, covariance === null ? null : at, terms).map(({ estimate, error }, i) =>
      withTest(
        terms[i]!.name,
        {
          estimate: fit.unbounded === true ? null : units.scale * estimate + (i === 0 ? units.mean : 0),
          error: error === null ? null : units.scale * error,
        },
        degrees,
        { classLabel, tested: fit.l2 === 0 },
      ),
    );
  });
  const names = [...new Set(dependent.map((position) => terms[position % terms.length]?.name ?? ""))];
  return {
    coefficients,
    notes: notesOf(fit, names, { rows, parameters: Math.max(parameters, width), work }),
  };
};
