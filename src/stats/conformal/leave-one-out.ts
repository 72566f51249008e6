import type { LeaveOneOutIntervals } from "../../domain/models/conformal.ts";
import { type InputRows, readRows, writeColumns } from "../coefficients/input-rows.ts";
import { heldAtLevel, numberScores, shareOf } from "./held-out-scores.ts";
import { type Interval, intervalAmong } from "./nested-intervals.ts";

/** A row of which the fit cannot do without has no residual by the others: its coefficients are not determined then. */
const leastLeft = 1e-9;

/** Least squares without a penalty, as it was solved, and its rows. */
export interface LeastSquares {
  /** rows × inputs, row-major. */
  readonly features: InputRows;
  readonly labels: ArrayLike<number>;
  readonly inputs: number;
  /** The input that each column is, −1 the intercept. */
  readonly columns: Int32Array;
  readonly coefficients: Float64Array;
  /** (XᵀX)⁻¹. */
  readonly covariance: Float64Array;
}

/** What leaving out one row does to the others' fit. */
export interface LeftOut {
  /** yᵢ − the prediction by the fit without row i; null: that fit is not determined. */
  readonly residual: number | null;
  /** β − β₋ᵢ, in the order of the columns. */
  readonly change: Float64Array;
}

/**
 * Every fit without one of the rows, from the one fit: β − β₋ᵢ = (XᵀX)⁻¹ xᵢ rᵢ/(1 − hᵢ), and the residual of row i is then rᵢ/(1 − hᵢ), with the leverage hᵢ = xᵢᵀ(XᵀX)⁻¹xᵢ (Sherman–Morrison; Cook & Weisberg
 * 1982, section 2.2).
 */
export const leaveOneOut = ({
  features,
  labels,
  inputs,
  columns,
  coefficients,
  covariance,
}: LeastSquares): LeftOut[] => {
  const width = columns.length;
  const x = new Float64Array(width);
  const reader = readRows(features, inputs);
  return Array.from({ length: labels.length }, (_, row) => {
    writeColumns(reader, row, columns, x);
    const change = new Float64Array(width);
    let [mean, leverage] = [0, 0];
    for (let j = 0; j < width; j++) {
      for (let k = 0; k < width; k++) change[j]! += covariance[j * width + k]! * x[k]!;
      mean += coefficients[j]! * x[j]!;
      leverage += change[j]! * x[j]!;
    }
    const left = 1 - leverage;
    if (left < leastLeft) return { residual: null, change: change.fill(0) };
    const residual = (labels[row]! - mean) / left;
    for (let j = 0; j < width; j++) change[j]! *= residual;
    return { residual, change };
  });
};

/** @param influences by row: what its absence takes from the constant and from the factor of each input, as the model takes inputs */
export const leaveOneOutIntervals = (
  labels: ArrayLike<number>,
  left: readonly LeftOut[],
  influences: readonly number[][],
): LeaveOneOutIntervals => {
  const residuals = left.map(({ residual }) => residual);
  const known = Array.from(residuals.keys()).filter((row) => residuals[row] !== null);
  const truths = known.map((row) => labels[row]!);
  const { scores, byFifth } = numberScores(
    known.map((row) => labels[row]! - residuals[row]!),
    truths,
  );
  const held = heldAtLevel(scores);
  return {
    ...{ type: "leave_one_out", rows: residuals.length, residuals, influences: [...influences] },
    byFifth: byFifth((own) => ({ held: shareOf(held, own) })),
  };
};

/**
 * The interval of the jackknife+ (Barber, Candès, Ramdas & Tibshirani 2021, Annals of Statistics 49, section 2) about one row: with μᵢ what the fit without row i says of it and Rᵢ the |residual| of row i by that fit, from the
 * (n + 1 − r)-th smallest of all μᵢ − Rᵢ to the r-th smallest of all μᵢ + Rᵢ, r = ⌈(n + 1) · coverage⌉. Where nothing is left both ends are the middle of the first interval, of growing coverage, that is not empty.
 */
export const leaveOneOutInterval = (
  { residuals, influences }: Pick<LeaveOneOutIntervals, "residuals" | "influences">,
  { value, inputs }: { value: number; inputs: ArrayLike<number> },
  coverage: number,
): Interval => {
  const n = residuals.length;
  const [lowers, uppers] = [new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < n; i++) {
    const residual = residuals[i]!;
    const own = influences[i]!;
    let said = value - own[0]!;
    for (let j = 0; j < inputs.length; j++) said -= own[j + 1]! * inputs[j]!;
    const size = residual === null ? Number.POSITIVE_INFINITY : Math.abs(residual);
    lowers[i] = said - size;
    uppers[i] = said + size;
  }
  return intervalAmong(lowers.sort(), uppers.sort(), coverage);
};
