import { weightName } from "../../domain/jobs/spec/rows/row-columns.ts";
import { rowsSeed } from "../../domain/jobs/spec/rows/rows-seed.ts";
import type { Comparison } from "../../domain/models/comparison.ts";
import type { Inference } from "../../domain/models/inference.ts";
import type { Model } from "../../domain/models/model.ts";
import type { TrainingFit } from "../../domain/models/parts/training-fit.ts";
import type { Report } from "../../domain/models/report.ts";
import { fTest, likelihoodRatioTest } from "./model-tests.ts";

/** A model that was solved, with its report, and what names the file that it learnt from. */
export interface SolvedModel {
  readonly model: Model;
  readonly report: Report;
  readonly data: string;
}

interface Known {
  readonly fit: TrainingFit;
  readonly inference: Inference;
}

/** What the report says of the fit, or why that is not of the largest likelihood that the model can have. */
const knownOf = ({ model, report }: SolvedModel): Known | string => {
  if (model.spec.training.l2 > 0)
    return "with a penalty the likelihood is not at its largest; train it with training.l2 0";
  if (!("solution" in report) || !report.solution || !report.inference || !report.trainingFit)
    return "its report says nothing of its fit";
  const { solution, inference, trainingFit: fit } = report;
  if (model.spec.loss.type === "pinball") return "a quantile has no likelihood";
  const separated = "notes" in report && report.notes.some(({ code }) => code === "separated");
  if (!solution.converged || separated || inference.aic === null || fit.logLikelihood === null)
    return "its fit has no end, which a note of its report explains";
  if (model.spec.loss.type === "negative_binomial_nll" && inference.shape === null)
    return 'its counts vary no more than Poisson\'s, and its θ has no value; compare models of the type "poisson"';
  return { fit, inference };
};

/** What decides which rows of a file a model learns from, and what they count for. */
const rowsOf = ({ model: { task, spec, preprocessing, datasetVersion = 1 }, data }: SolvedModel): unknown => {
  const { split } = spec.training;
  const { label, offset } = preprocessing;
  const isWhole = split.test === 0 && split.validation === 0 && split.column === undefined;
  const { seed: _, ...drawn } = split;
  return {
    ...{ data, weight: weightName(task), offset, datasetVersion: label.type === "classes" ? datasetVersion : null },
    label: label.type === "classes" ? label.classes : label,
    split: isWhole ? null : { ...drawn, seed: rowsSeed(spec.training) },
  };
};

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

const hasIntercept = ({ model: { spec } }: SolvedModel): boolean =>
  !("intercept" in spec.model) || spec.model.intercept !== false;

/** Whether each column of a model, as it takes it, is one of the other's. */
const isWithin = (smaller: SolvedModel, larger: SolvedModel): boolean => {
  const columns = new Set(larger.model.preprocessing.features.map((feature) => JSON.stringify(feature)));
  const all = smaller.model.preprocessing.features.every((feature) => columns.has(JSON.stringify(feature)));
  return all && (hasIntercept(larger) || !hasIntercept(smaller));
};

/** Sums over the same rows differ by rounding alone. */
const near = (one: number, other: number): boolean => Math.abs(one - other) <= 1e-9 * Math.max(one, other);

/** Whether two models are of the same label, likelihood and rows; why not, in words. */
const differenceOf = (one: SolvedModel, other: SolvedModel, [mine, theirs]: readonly [Known, Known]): string | null => {
  if (!isSame([one.model.spec.model.type, one.model.spec.loss], [other.model.spec.model.type, other.model.spec.loss]))
    return "their likelihoods are of different kinds (model and loss)";
  const rows = "they did not learn from the same rows: give both the same data set, split, seed and weights";
  if (!isSame(rowsOf(one), rowsOf(other)) || mine.fit.rows !== theirs.fit.rows) return rows;
  // θ and an intercept are part of it.
  const isFingerprint = mine.inference.shape?.name !== "theta" && hasIntercept(one) === hasIntercept(other);
  return isFingerprint && !near(mine.fit.nullDeviance, theirs.fit.nullDeviance) ? rows : null;
};

type Tested = Pick<
  Comparison["nested"][number],
  "statistic" | "distribution" | "degrees" | "residualDegrees" | "pValue"
>;

const isDispersed = ({ model: { spec } }: SolvedModel): boolean =>
  spec.model.type === "linear" || spec.model.type === "gamma";

/**
 * R's `anova` of two nested models: of numbers and Gamma F = (D₀ − D₁)/q over the larger one's dispersion, with the deviances D and q coefficients more; of others twice the difference of the log-likelihoods, a χ² (Wilks 1938).
 */
const testOf = (smaller: SolvedModel, before: Known, after: Known): Tested | string => {
  const degrees = after.inference.parameters - before.inference.parameters;
  if (degrees < 1) return "the larger one determines no coefficient more";
  if (!isDispersed(smaller))
    return likelihoodRatioTest(
      { logLikelihood: before.fit.logLikelihood!, parameters: before.inference.parameters },
      { logLikelihood: after.fit.logLikelihood!, parameters: after.inference.parameters },
    );
  const { dispersion, residualDegrees } = after.inference;
  if (dispersion === null || !(dispersion > 0) || residualDegrees < 1) return "no row is left over for the variance";
  return fTest(before.fit.deviance - after.fit.deviance, degrees, dispersion, residualDegrees);
};

const pairOf = (one: SolvedModel, other: SolvedModel): Comparison["nested"][number] | string => {
  const [first, second] = [knownOf(one), knownOf(other)];
  if (typeof first === "string") return `${one.model.id}: ${first}`;
  if (typeof second === "string") return `${other.model.id}: ${second}`;
  const both = [first, second] as const;
  const difference = differenceOf(one, other, both);
  if (difference !== null) return difference;
  const isFirstSmaller = isWithin(one, other);
  if (!isFirstSmaller && !isWithin(other, one))
    return "neither has all columns of the other, with the same preprocessing";
  // Of the same columns, either; that neither has more is said.
  const [smaller, larger] = isFirstSmaller ? [one, other] : [other, one];
  const [before, after] = isFirstSmaller ? both : [both[1], both[0]];
  const tested = testOf(smaller, before, after);
  if (typeof tested === "string") return tested;
  return { smaller: smaller.model.id, larger: larger.model.id, rows: before.fit.rows, ...tested };
};

/** Tests of all pairs of solved models of which one is nested in the other; of other pairs a note why there is none. */
export const nestedModels = (solved: readonly SolvedModel[]): Pick<Comparison, "nested" | "notes"> => {
  const found: Pick<Comparison, "nested" | "notes"> = { nested: [], notes: [] };
  for (const [i, one] of solved.entries())
    for (const other of solved.slice(i + 1)) {
      const pair = pairOf(one, other);
      if (typeof pair !== "string") found.nested.push(pair);
      else
        found.notes.push({
          code: "not_nested",
          message: `${one.model.id} and ${other.model.id}: no test of nested models, since ${pair}`,
        });
    }
  return found;
};
