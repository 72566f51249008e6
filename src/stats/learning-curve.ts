import type { LearningCurveReport } from "../domain/models/parts/learning-curve.ts";
import { measureWords } from "../domain/models/parts/measure-words.ts";
import type { ReportNote } from "../domain/models/report.ts";
import { estimateHits, estimateMean, estimatePositiveMean, estimateRootMean } from "./estimate.ts";
import type { Sampling } from "./sampling.ts";

/** A model of some training rows, asked about the test rows. */
export interface CurveFit {
  readonly trainRows: number;
  /** Of each test row its loss, and 1 where the likeliest class is right or the squared error. */
  readonly columns: { readonly losses: Float64Array; readonly scores: Float64Array } | null;
  /** Why there are none. */
  readonly fault: string | null;
}

/** The points of the curve, each held against the one before on the same rows. */
export const learningCurve = (
  fits: readonly CurveFit[],
  { measure, classes }: { measure: LearningCurveReport["measure"]; classes: boolean },
  sampling: Sampling | null,
): LearningCurveReport => {
  const points = fits.map(({ trainRows, columns, fault }, i): LearningCurveReport["points"][number] => {
    const before = fits[i - 1]?.columns ?? null;
    if (columns === null)
      return { trainRows, fault, loss: null, gain: null, accuracy: null, rootMeanSquaredError: null };
    const { losses, scores } = columns;
    const less = before?.losses.map((loss, row) => loss - losses[row]!) ?? null;
    return {
      ...{ trainRows, fault },
      loss: measure === "log_likelihood" ? estimateMean(losses, {}, sampling) : estimatePositiveMean(losses, sampling),
      gain: less && estimateMean(less, { eitherSide: true }, sampling),
      accuracy: classes ? estimateHits(scores, sampling) : null,
      // Labels beyond 1e154 have no squares.
      rootMeanSquaredError: classes || !scores.every(Number.isFinite) ? null : estimateRootMean(scores, sampling),
    };
  });
  return { measure, rows: points.length === 0 ? 0 : (fits.at(-1)?.columns?.losses.length ?? 0), points };
};

const short = (value: number): string => String(Number(value.toPrecision(3)));

/** What the last doubling of the rows has brought. */
export const curveNote = ({ measure, rows, points }: LearningCurveReport): ReportNote[] => {
  const [before, last] = points.slice(-2);
  if (before === undefined || last?.gain == null) return [];
  const { value, lower, upper } = last.gain;
  const [sign, changed] = value < 0 ? [-1, "got worse"] : [1, "got better"];
  const ends =
    lower === null || upper === null || !Number.isFinite(upper - lower)
      ? []
      : [sign * lower, sign * upper].sort((a, b) => a - b);
  const between = ends.length === 0 ? "" : ` (${ends.map(short).join(" to ")})`;
  const verdict =
    lower !== null && lower > 0
      ? "more rows are likely to help still, though each doubling usually brings less than the one before"
      : upper !== null && upper < 0
        ? "the model of fewer rows is the better one here: see whether the rows are alike, and the model is right for them"
        : `these ${rows} test rows cannot tell whether more rows would help`;
  const message = `from ${before.trainRows} to ${last.trainRows} training rows the mean ${measureWords[measure]} ${changed} by ${short(sign * value)}${between}: ${verdict}`;
  return [{ code: "learning_curve", message }];
};
