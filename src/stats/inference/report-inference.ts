import type { Coefficient, Inference } from "../../domain/models/inference.ts";
import type { TrainingFit } from "../../domain/models/parts/training-fit.ts";
import type { ReportNote } from "../../domain/models/report.ts";
import { mostCovariances, mostListed, notListed } from "../coefficients/solved-columns.ts";
import { createUnshift } from "./data-units.ts";
import { errorNotes } from "./error-notes.ts";
import { shapeOfPositives } from "./family-quality.ts";
import { influenceOf } from "./influence.ts";
import { featureTests, fTest, likelihoodRatioTest } from "./model-tests.ts";
import { robustCovariances } from "./sandwich.ts";
import { solvedCoefficients } from "./solved-coefficients.ts";
import { leveragesOf, type SolvedFit, withoutZeros } from "./solved-fit.ts";
import { describeSolvedFit } from "./solved-fit-quality.ts";

const mostInCovariance = 100;
/** Rows × coefficients² that robust errors and influence may cost: a few seconds. */
const mostWork = 4e9;

export interface InferenceReport {
  coefficients: Coefficient[];
  trainingFit: TrainingFit;
  inference: Inference;
  notes: ReportNote[];
}

/** Whose errors, as those of numbers, go by a dispersion that is estimated. */
const isDispersed = ({ model }: Pick<SolvedFit, "model">): boolean => model === "linear" || model === "gamma";

/** What must be known of a distribution or a linear program. */
const familyNotes = ({ model, dispersion, quantile, ending, covariance, columns }: SolvedFit): ReportNote[] => {
  const notes: ReportNote[] = [];
  const add = (code: string, message: string): void => void notes.push({ code, message });
  if (model === "negative_binomial" && dispersion === null)
    add(
      "no_overdispersion",
      'the counts vary no more than Poisson\'s at these means: the likelihood grows with θ for ever, and everything here is that of the model "poisson"',
    );
  if (quantile !== null && !quantile.unique)
    add(
      "not_unique",
      "other coefficients fit these rows equally well, as there are several medians of an even number of values: those of one vertex of the linear program are given",
    );
  if (quantile !== null && ending === "converged" && covariance === null && columns.length <= mostCovariances)
    add(
      "no_spread",
      "too many of the labels lie on the fitted plane for their density there to be estimated, and errors go by it: none are given",
    );
  return notes;
};

/** Pearson's χ² is then this many of its own deviations above what Poisson counts give, and no small excess either. */
const [surelyMore, worthSaying] = [4, 1.2];
/** An error is then more than thirty times as large as it were without the other columns. */
const mostInflation = 1000;

/** What the errors of a fit that has some must be read with. */
const readingNotes = (
  { model }: SolvedFit,
  { dispersion, residualDegrees }: { dispersion: number | null; residualDegrees: number },
  coefficients: readonly Coefficient[],
): ReportNote[] => {
  const notes: ReportNote[] = [];
  // Of Poisson counts χ² has the variance 2·degrees, and more where means are small: 4 deviations leave room for that.
  const isMore = dispersion !== null && (dispersion - 1) * Math.sqrt(residualDegrees / 2) > surelyMore;
  if (model === "poisson" && isMore && dispersion > worthSaying) {
    const message = `the counts vary ${dispersion.toPrecision(3)} times as much as Poisson's at these means (Pearson's χ² over its degrees): classical errors, p values and likelihood-ratio tests are too sure of themselves; go by the robust errors, or take the model "negative_binomial"`;
    notes.push({ code: "overdispersed", message });
  }
  const inflated = coefficients.filter(({ varianceInflation }) => (varianceInflation ?? 0) > mostInflation);
  if (inflated.length > 0) {
    const names = inflated.slice(0, 20).map(({ term }) => term);
    const most = Math.max(...inflated.map(({ varianceInflation }) => varianceInflation!));
    const message = `${names.join(", ")} can nearly be computed from other columns (variance inflation up to ${most.toPrecision(3)}): their coefficients are known badly by themselves, and say little one by one; leave features out, or give training.l2`;
    notes.push({ code: "nearly_collinear", message });
  }
  return notes;
};

const notesOf = (fit: SolvedFit, size: number, residualDegrees: number, rows: number): ReportNote[] => {
  const { terms, indeterminate, covariance, ending, columns, rank, model } = fit;
  const notes: ReportNote[] = familyNotes(fit);
  const add = (code: string, message: string): void => void notes.push({ code, message });
  if (size > mostListed) notes.push(notListed(size));
  else if (size > mostCovariances) add("too_many_coefficients", `errors of ${size} coefficients are not computed`);
  if (residualDegrees < 1)
    add("too_few_rows", `${rows} training rows do not determine ${size} coefficients and an error`);
  if (rank < columns.length) {
    const names = indeterminate.map((j) => terms[j]!.name).slice(0, 20);
    add(
      "collinear",
      `${names.join(", ")} can be computed from each other: ${columns.length - rank} of the ${columns.length} columns say nothing new, so that these coefficients have no values of their own and no errors, and those are given that share the effect evenly; leave features out, or give training.l2`,
    );
  }
  if (ending === "not_converged")
    add(
      "not_converged",
      "the iterations ended before the coefficients had settled; raise training.epochs, or give training.l2",
    );
  if (ending === "converged" && covariance === null && size <= mostCovariances && model !== "quantile")
    add("too_many_coefficients", "the coefficients were found by L-BFGS, which gives no errors");
  return notes;
};

const overallOf = (
  fit: SolvedFit,
  quality: TrainingFit,
  { dispersion, residualDegrees }: { dispersion: number | null; residualDegrees: number },
  lost: number | null,
): Inference["overall"] => {
  const { rank, model, coefficients, columns, ending } = fit;
  const contrasts = coefficients.length / columns.length;
  const intercept = columns[0] === -1 ? 1 : 0;
  const degrees = (rank - intercept) * contrasts;
  if (degrees < 1 || residualDegrees < 1 || ending !== "converged" || model === "quantile") return null;
  if (lost !== null)
    return likelihoodRatioTest({ logLikelihood: -lost / 2, parameters: 0 }, { logLikelihood: 0, parameters: degrees });
  if (!isDispersed(fit))
    return likelihoodRatioTest(
      { logLikelihood: -quality.nullDeviance / 2, parameters: contrasts },
      { logLikelihood: -quality.deviance / 2, parameters: rank * contrasts },
    );
  if (dispersion === null || !(dispersion > 0)) return null;
  return fTest(quality.nullDeviance - quality.deviance, degrees, dispersion, residualDegrees);
};

const covarianceOf = (fit: SolvedFit, dispersion: number): Inference["covariance"] => {
  const { covariance, coefficients, terms, indeterminate, preprocessing, model } = fit;
  const size = coefficients.length;
  if (covariance === null || indeterminate.length > 0 || size > mostInCovariance) return null;
  // Of columns about 1e-160 and below the squares of the errors are beyond numbers.
  if (!covariance.every((value) => Number.isFinite(dispersion * value))) return null;
  const { label } = preprocessing;
  const classOf = (i: number): string =>
    model === "softmax" && label.type === "classes" ? `${label.classes[Math.floor(i / terms.length) + 1]}: ` : "";
  return {
    terms: Array.from(coefficients, (_, i) => `${classOf(i)}${terms[i % terms.length]!.name}`),
    values: Array.from({ length: size }, (_, i) =>
      Array.from(covariance.subarray(i * size, (i + 1) * size), (value) => dispersion * value),
    ),
  };
};

/** Of each feature by what is lost without it: over the dispersion, where that is estimated. */
const testsOf = (
  fit: SolvedFit,
  ratios: readonly { feature: string; lost: number; degrees: number }[],
  { dispersion, residualDegrees }: { dispersion: number | null; residualDegrees: number },
): Inference["features"] =>
  ratios.flatMap(({ feature, lost, degrees }) => {
    if (!isDispersed(fit))
      return [
        {
          feature,
          ...likelihoodRatioTest(
            { logLikelihood: -lost / 2, parameters: 0 },
            { logLikelihood: 0, parameters: degrees },
          ),
        },
      ];
    if (dispersion === null || !(dispersion > 0)) return [];
    return [{ feature, ...fTest(lost, degrees, dispersion, residualDegrees) }];
  });

const shapeOf = (fit: SolvedFit): Inference["shape"] => {
  if (fit.model === "gamma" && fit.ending === "converged") {
    const found = shapeOfPositives(fit);
    return found && { name: "alpha", ...found };
  }
  return fit.dispersion && { name: "theta", ...fit.dispersion };
};

const quantileOf = ({ quantile }: SolvedFit, { deviance, nullDeviance }: TrainingFit): Inference["quantile"] =>
  quantile && {
    level: quantile.level,
    explained: nullDeviance > 0 ? 1 - deviance / nullDeviance : null,
    errors: "kernel",
  };

/** A solved model whose likelihood has no maximum, or that has as many coefficients as rows, has no errors. */
const withoutErrors = (fit: SolvedFit): SolvedFit => ({ ...fit, covariance: null });

/**
 * What the training rows say of a solved model's coefficients: the table, tests, criteria and influence.
 * @param ratios twice the log-likelihood that generalised models lose without each feature (of a Gamma times its dispersion), where it was computed
 * @param overallLost and without all of them, where the null deviance does not tell
 */
export const reportInference = (
  all: SolvedFit,
  ratios: readonly { feature: string; lost: number; degrees: number }[],
  overallLost: number | null = null,
): InferenceReport => {
  const solved = withoutZeros(all);
  const { model, labels, rank, columns, coefficients, clusters } = solved;
  const rows = labels.length;
  const size = coefficients.length;
  const parameters = rank * (size / columns.length);
  const residualDegrees = rows - parameters;
  const fit = solved.ending === "converged" && residualDegrees >= 1 ? solved : withoutErrors(solved);
  const { pearson, ...quality } = describeSolvedFit(fit);
  // The criteria are those of the maximum of the likelihood, which iterations without an end did not reach.
  const logLikelihood = solved.ending === "converged" ? quality.logLikelihood : null;
  // Of rows that are separated the probabilities are 0 and 1, and χ² is of nothing.
  const isKnown = pearson !== null && residualDegrees >= 1 && solved.ending !== "separated";
  const dispersion = isKnown ? pearson / residualDegrees : null;
  const scale = isDispersed(fit) ? (dispersion ?? 0) : 1;
  const small = rows * columns.length ** 2 <= mostWork;
  const leverages = small ? leveragesOf(fit) : null;
  const { robust, clustered } = robustCovariances(fit, leverages);
  const unshift = createUnshift(fit);
  const listed = unshift.fit;
  const degrees = isDispersed(fit) || model === "quantile" ? residualDegrees : Number.POSITIVE_INFINITY;
  const counted = parameters + (isDispersed(fit) || fit.dispersion !== null ? 1 : 0);
  const shape = shapeOf(fit);
  const described =
    size > mostListed
      ? []
      : solvedCoefficients(listed, {
          ...{ dispersion: scale, degrees },
          ...{ robust: unshift.matrix(robust), clustered: unshift.matrix(clustered) },
        });
  return {
    coefficients: described,
    trainingFit: quality,
    inference: {
      ...{ rows, parameters, residualDegrees, dispersion },
      aic: logLikelihood === null ? null : 2 * counted - 2 * logLikelihood,
      bic: logLikelihood === null ? null : counted * Math.log(rows) - 2 * logLikelihood,
      overall: overallOf(fit, quality, { dispersion, residualDegrees }, overallLost),
      features:
        model === "linear"
          ? featureTests(fit, dispersion ?? 0, residualDegrees)
          : testsOf(fit, ratios, { dispersion, residualDegrees }),
      shape,
      quantile: quantileOf(fit, quality),
      covariance: covarianceOf(listed, scale),
      influence: influenceOf(fit, leverages, scale),
      clusters: clusters && { column: clusters.column, clusters: clusters.count },
    },
    notes: [
      ...notesOf(solved, size, residualDegrees, rows),
      ...errorNotes(fit, leverages),
      ...(fit.covariance === null ? [] : readingNotes(fit, { dispersion, residualDegrees }, described)),
    ],
  };
};
