import type { SplitArrays } from "../../../src/data/preprocessing/prepare.ts";
import { ServiceError } from "../../../src/domain/errors.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Report } from "../../../src/domain/models/report.ts";
import { TrainingError } from "../../../src/engine/train/planning/training.ts";
import { chancesOf, logOf } from "../../../src/stats/classification-report.ts";
import { type CurveFit, curveNote, learningCurve } from "../../../src/stats/learning-curve.ts";
import { valueMeasure } from "../../../src/stats/values/value-measure.ts";
import type { Judged } from "../folds/judge-rows.ts";
import { samplingOfSplit } from "../network-report.ts";

const ofClasses = (probabilities: Float64Array, truths: Int32Array): NonNullable<CurveFit["columns"]> => {
  const classes = probabilities.length / truths.length;
  const scores = Float64Array.from(truths, (truth, row) => {
    const own = probabilities.subarray(row * classes, (row + 1) * classes);
    return own.indexOf(Math.max(...own)) === truth ? 1 : 0;
  });
  return { losses: chancesOf(probabilities, truths, classes).map((chance) => -logOf(chance)), scores };
};

/** What one model of the curve makes of the test rows. */
export const curveFit = (spec: ResolvedJobSpec, trainRows: number, { columns }: Judged): CurveFit => {
  const { probabilities, predictions, truths = new Float64Array() } = columns;
  if (probabilities !== undefined)
    return { trainRows, fault: null, columns: ofClasses(probabilities, Int32Array.from(truths)) };
  const errors = truths.map((truth, row) => truth - predictions![row]!);
  const scores = errors.map((error) => error * error);
  // A dispersion is of each fit by itself: without it the points are of one measure.
  const { of } = valueMeasure(spec.loss);
  const losses = truths.map((truth, row) => -of(truth, predictions![row]!));
  return { trainRows, fault: null, columns: { losses, scores } };
};

/** So few rows may not do: no row may count, or the training diverge. Then the curve has no such point; all else is the job's failure. */
export const withoutFit = (trainRows: number, error: unknown): CurveFit => {
  const own =
    (error instanceof TrainingError && error.code === "diverged") ||
    (error instanceof ServiceError && error.code === "unprocessable");
  if (!own) throw error;
  return { trainRows, columns: null, fault: (error as Error).message };
};

/** The report with the curve, whose last point is the measured model. */
export const withCurve = (
  report: Report,
  spec: ResolvedJobSpec,
  fits: readonly CurveFit[],
  { judged, trainRows, test }: { judged: Judged; trainRows: number; test: SplitArrays },
): Report => {
  if (report.task !== "classification" && report.task !== "regression") return report;
  const classes = report.task === "classification";
  const measure = classes ? "log_likelihood" : valueMeasure(spec.loss).measure;
  const sampling = samplingOfSplit(spec, test, judged.rows, judged.columns.weights ?? null);
  const curve = learningCurve([...fits, curveFit(spec, trainRows, judged)], { measure, classes }, sampling);
  return { ...report, learningCurve: curve, notes: [...report.notes, ...curveNote(curve)] };
};
