import { assert } from "../../../src/domain/errors.ts";
import type { Metrics } from "../../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { isOfCounts } from "../../../src/domain/jobs/spec/parts/loss-spec.ts";
import { weightName } from "../../../src/domain/jobs/spec/rows/row-columns.ts";
import type { CrossValidationReport } from "../../../src/domain/models/cross-validation.ts";
import type { LabelTransform } from "../../../src/domain/models/model.ts";
import type { ClassificationReport, Report, ReportNote } from "../../../src/domain/models/report.ts";
import { compareWithSimpler } from "../../../src/stats/against.ts";
import { reportClassification } from "../../../src/stats/classification-report.ts";
import { logPoisson, reportRegression } from "../../../src/stats/regression-report.ts";
import { exposureNotes } from "../../../src/stats/report-notes.ts";
import {
  effectiveNumber,
  type Sampling,
  sharedRowsInflation,
  meanOf as weightedMean,
  withWeights,
} from "../../../src/stats/sampling.ts";
import { reportReconstruction } from "../../../src/stats/unsupervised-report.ts";
import { valueMeasure } from "../../../src/stats/values/value-measure.ts";
import { statedThreshold } from "../explaining/threshold.ts";
import { againstOf, classLogs } from "../network-report.ts";
import { foldConformal } from "./fold-conformal.ts";
import { type Pool, unitsOf } from "./pool.ts";

const split = "out_of_fold" as const;

interface Pooled {
  spec: ResolvedJobSpec;
  pool: Pool;
  sampling: Sampling;
}

const samplingOf = ({ training: { crossValidation } }: ResolvedJobSpec, pool: Pool): Sampling => {
  assert(crossValidation !== undefined, "folds are of a cross-validation");
  const sampling = { unitOf: unitsOf(pool), inflation: sharedRowsInflation(crossValidation.folds) };
  return withWeights(sampling, pool.columns.weights ?? null)!;
};

const columnOf = ({ columns }: Pool, name: string): Float64Array => {
  const column = columns[name];
  assert(column !== undefined, `every fold has told its ${name}`);
  return column;
};

/** The exact linear models of all folds as one: with the largest penalty and the fewest rows of them. */
const linearOf = ({ folds, columns }: Pool) => {
  const [first, ...others] = folds.map(({ linear }) => linear);
  if (!first || columns.linear === undefined || others.includes(null)) return null;
  const all = [first, ...others].filter((linear) => linear !== null);
  return {
    ...{ model: first.model, values: columns.linear },
    l2: Math.max(...all.map(({ l2 }) => l2)),
    trainRows: Math.min(...all.map(({ trainRows }) => trainRows)),
  };
};

const ofClasses = ({ spec: { task }, pool, sampling }: Pooled, classes: readonly string[]): Report => {
  const [probabilities, nullLogs, commonest] = ["probabilities", "nullLogs", "commonest"].map((name) =>
    columnOf(pool, name),
  ) as [Float64Array, Float64Array, Float64Array];
  const truths = Int32Array.from(columnOf(pool, "truths"));
  const report = reportClassification({
    ...{ split, classes, probabilities, truths, folds: { sampling, nullLogs, commonest } },
    ...{ trainCounts: classes.map(() => 0), distribution: pool.folds[0]?.distribution ?? "categorical" },
    // With a cross-validation none is chosen.
    threshold: statedThreshold({ task }),
  });
  const own = classLogs(probabilities, truths, classes.length);
  const compared = { measure: "log_likelihood" as const, own, null: nullLogs, linear: linearOf(pool) };
  return { ...report, against: compareWithSimpler(compared, sampling) };
};

const ofNumbers = ({ spec, pool, sampling }: Pooled): Report => {
  const [truths, predictions, centers] = ["truths", "predictions", "centers"].map((name) => columnOf(pool, name)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const { logs, nullLogs, saturatedLogs } = pool.columns;
  const { loss } = spec;
  const counts = isOfCounts(loss);
  const quantile = loss.type === "pinball" ? { level: loss.quantile, nullOf: (row: number) => centers[row]! } : null;
  const ofPoisson = {
    nullLogOf: (row: number) => logPoisson(truths[row]!, centers[row]!),
    saturatedLogOf: (row: number) => logPoisson(truths[row]!, truths[row]!),
  };
  const told =
    nullLogs === undefined || saturatedLogs === undefined
      ? null
      : { nullLogOf: (row: number) => nullLogs[row]!, saturatedLogOf: (row: number) => saturatedLogs[row]! };
  const likelihood =
    logs === undefined
      ? null
      : {
          ...{ distribution: pool.folds[0]?.distribution ?? "", logOf: (row: number) => logs[row]! },
          deviance: loss.type === "poisson_nll" ? ofPoisson : told,
        };
  const { lower, upper } = pool.columns;
  const about =
    loss.type === "pinball" && loss.interval !== undefined && lower !== undefined && upper !== undefined
      ? { interval: loss.interval, lower, upper }
      : null;
  const report = reportRegression({ split, predictions, truths, likelihood, counts, quantile, about, sampling });
  const against = againstOf(
    { truths, predictions },
    valueMeasure(loss),
    (row) => centers[row]!,
    linearOf(pool),
    sampling,
  );
  return { ...report, against };
};

const foldsSection = ({ spec, pool, sampling }: Pooled): CrossValidationReport => {
  const { folds, repeats, by } = spec.training.crossValidation!;
  return {
    ...{ folds, repeats, by: by ?? null, inflation: sampling.inflation, units: new Set(sampling.unitOf).size },
    rows: new Set(columnOf(pool, "places")).size,
    predictions: sampling.unitOf.length,
    models: pool.folds.map(({ repeat, fold, trainRows, rows, metrics }) => ({
      ...{ repeat: repeat + 1, fold: fold + 1, trainRows, rows, loss: metrics.testLoss ?? 0 },
      accuracy: metrics.testAccuracy ?? null,
      meanSquaredError: metrics.testMeanSquaredError ?? null,
    })),
  };
};

/** What the job's own model is. */
const ownModel = (ensemble: number | null, conformal: string | null): string => {
  if (ensemble !== null)
    return `is the ensemble of these ${ensemble} models, whose mean is rarely worse than one of them: the figures are those of single ones`;
  return `learnt from ${conformal === null || conformal === "out_of_fold" ? "all rows" : `all rows but those of the ${conformal} split`}`;
};

/** What predictions with coverage go by. */
const ownCoverage = (ensemble: boolean, conformal: string | null): string => {
  if (conformal === "out_of_fold")
    return "Predictions with coverage go by the rows' scores and by what each fold's model, kept beside this one, says (CV+): the interval or set is theirs, and the value or label this model's";
  if (conformal === "leave_one_out")
    return "Predictions with coverage go by what the fit without each of its rows says (jackknife+)";
  if (conformal !== null)
    return `Predictions with coverage go by the ${conformal} split, which this model has not learnt from`;
  return ensemble
    ? "Predictions with coverage go by the rows' scores and by what each of these models says (CV+)"
    : 'Predictions with coverage are not available: scores of the folds\' models hold for this one only with those models at hand (CV+), and they were not kept; give the job a test split, or take "model": "folds"';
};

const noteOf = (
  { folds, repeats, by, units, models }: CrossValidationReport,
  conformal: string | null,
  isEnsemble: boolean,
): ReportNote => ({
  code: "cross_validated",
  message: `every figure is of rows that the model of their fold had not seen, ${folds} folds${repeats > 1 ? `, ${repeats} times` : ""}; the job's own model ${ownModel(isEnsemble ? models.length : null, conformal === "leave_one_out" ? null : conformal)}. Intervals count ${units} ${by === null ? "rows" : `groups by ${JSON.stringify(by)}`} as independent, and are widened because the folds' models share training rows. ${ownCoverage(isEnsemble, conformal)}`,
});

/** Rows whose class their model has never met are always wrong, and not because the model is bad. */
const unlearntNotes = ({ spec, pool }: Pooled): ReportNote[] => {
  const of = (count: (fold: Pool["folds"][number]) => number): number =>
    pool.folds.reduce((sum, fold) => sum + count(fold), 0);
  const unlearnt = of((fold) => fold.unlearnt ?? 0);
  if (unlearnt === 0) return [];
  const { by } = spec.training.crossValidation!;
  const why =
    by === undefined
      ? "such classes have too few rows for the folds; add rows of them, or take more folds"
      : `values of ${JSON.stringify(by)} hold whole classes, and a model that has not met a value has not met its class: group by something else, or see whether the label is what is to be learnt`;
  const rows = of((fold) => fold.rows);
  return [
    {
      code: "classes_not_learnt",
      message: `${unlearnt === rows ? "all" : `${unlearnt} of the ${rows}`} predictions are of rows whose class no training row of their fold has, and cannot be right: ${why}`,
    },
  ];
};

/** Predictions of rows of weight 0, in all repeats. */
const leftOutOf = ({ folds, columns }: Pool): number =>
  folds.reduce((sum, { rows }) => sum + rows, 0) - (columns.weights?.length ?? 0);

const weightsOf = ({ spec, pool }: Pooled): ClassificationReport["weights"] => {
  const { weights } = pool.columns;
  const column = weightName(spec.task);
  if (weights === undefined || column === null) return null;
  // Each repeat has every row once.
  const { repeats } = spec.training.crossValidation!;
  return { column, effectiveRows: effectiveNumber(weights) / repeats, leftOut: leftOutOf(pool) / repeats };
};

/** Whether a model's report has scores that coverage goes by. */
export const promises = (report: Report): boolean => "conformal" in report && report.conformal != null;

/** Whether the folds' models, of all rows, promise more than the job's own: it has no scores, or only those of rows by which something was chosen. */
export const needsFolds = (own: Report): boolean => !promises(own) || own.split === "validation";

/** The split whose rows coverage goes by, or `leave_one_out`; null: it cannot be promised. */
const coveredBy = (own: Report): string | null => {
  const conformal = "conformal" in own ? own.conformal : null;
  return conformal?.type === "leave_one_out" ? conformal.type : conformal && own.split;
};

/**
 * The report of all out-of-fold predictions, with what is said of the coefficients of the model of all rows.
 * @param own the report of that model; null: the job's model is the ensemble of the folds' models
 */
export const reportFolds = (
  { spec, pool, label }: { spec: ResolvedJobSpec; pool: Pool; label: LabelTransform },
  own: Report | null,
  /** The folds' models are kept beside that model. */
  beside = false,
): Report => {
  const pooled = { spec, pool, sampling: samplingOf(spec, pool) };
  const crossValidation = foldsSection(pooled);
  const { rows } = crossValidation;
  if (label.type === "none") {
    const report = reportReconstruction(split, columnOf(pool, "errors"), pooled.sampling);
    const notes = [...report.notes, ...(own?.notes ?? []), noteOf(crossValidation, null, false)];
    return { ...report, rows, crossValidation, notes };
  }
  const report = label.type === "classes" ? ofClasses(pooled, label.classes) : ofNumbers(pooled);
  if (own === null) {
    const notes = [
      ...[...report.notes, ...exposureNotes(spec.task), ...unlearntNotes(pooled)],
      noteOf(crossValidation, null, true),
    ];
    const conformal = foldConformal(pooled, label);
    return { ...report, rows, crossValidation, weights: weightsOf(pooled), notes, conformal } as Report;
  }
  assert(own.task === report.task && "coefficients" in own && "notes" in report, "both reports are of one task");
  const { coefficients, trainingFit, solution, inference } = own;
  const byFolds = beside && needsFolds(own);
  const conformal = byFolds ? foldConformal(pooled, label) : own.conformal;
  const covered = byFolds ? split : coveredBy(own);
  const known = { coefficients, trainingFit, solution, inference, conformal };
  const unlearnt = unlearntNotes(pooled);
  // Rows were held out: from the models of the folds.
  const ofOwn = own.notes.filter(({ code }) => code !== "training_rows");
  const notes = [...report.notes, ...ofOwn, ...unlearnt, noteOf(crossValidation, covered, false)];
  return { ...report, ...known, rows, crossValidation, weights: weightsOf(pooled), notes } as Report;
};

/** `outOfFoldLoss`, `outOfFoldAccuracy`, …: means over all predictions. */
export const foldMetrics = ({ folds, columns }: Pool): Metrics => {
  const shareOf = (fold: Pool["folds"][number]): number => fold.weight ?? fold.rows;
  const rows = folds.reduce((sum, fold) => sum + shareOf(fold), 0);
  const meanOf = (name: string): number | null => {
    if (folds.some(({ metrics }) => metrics[name] === undefined)) return null;
    return folds.reduce((sum, fold) => sum + (shareOf(fold) / rows) * fold.metrics[name]!, 0);
  };
  const [loss, accuracy, meanSquaredError] = ["testLoss", "testAccuracy", "testMeanSquaredError"].map(meanOf);
  const metrics: Record<string, number> = {};
  if (loss != null) metrics.outOfFoldLoss = loss;
  if (accuracy != null) metrics.outOfFoldAccuracy = accuracy;
  const { truths, predictions } = columns;
  if (meanSquaredError != null && truths !== undefined && predictions !== undefined) {
    metrics.outOfFoldMeanSquaredError = meanSquaredError;
    metrics.outOfFoldRootMeanSquaredError = Math.sqrt(meanSquaredError);
    const center = weightedMean(truths, columns.weights);
    const spread = weightedMean(
      truths.map((truth) => (truth - center) * (truth - center)),
      columns.weights,
    );
    if (spread > 0) metrics.outOfFoldR2 = 1 - meanSquaredError / spread;
  }
  return metrics;
};
