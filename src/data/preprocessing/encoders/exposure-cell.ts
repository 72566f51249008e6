import type { Cell } from "../../../domain/datasets/dataset.ts";
import { leastExposure, mostExposure, mostOffset } from "../../../domain/jobs/spec/rows/check-offset.ts";
import type { Preprocessing } from "../../../domain/models/model.ts";
import type { Prediction } from "../../../domain/models/predictions/prediction.ts";
import { exp64 } from "../../../engine/kernels/math64.ts";
import { describeCell } from "./cell-writer.ts";

/** What a row's count is of, or what is wrong with the cell. */
export const exposureOf = (
  value: Cell | undefined,
  key: NonNullable<Preprocessing["offset"]>["key"],
): number | string => {
  const isNumber = typeof value === "number" && Number.isFinite(value);
  if (key === "exposure") {
    if (isNumber && value >= leastExposure && value <= mostExposure) return value;
    const range = isNumber && value > 0 ? `between ${leastExposure} and ${mostExposure}` : "above 0";
    return `must be a number ${range}, what the count is of; give 1 for the rate of one unit; got ${describeCell(value ?? null)}`;
  }
  if (isNumber && Math.abs(value) <= mostOffset) return exp64(value);
  return `must be a number${isNumber ? ` between ${-mostOffset} and ${mostOffset}` : ""}, the logarithm of what the count is of; give 0 for the rate of one unit; got ${describeCell(value ?? null)}`;
};

/** Rates of one unit to counts of what each row is of. */
export const withExposures = (predictions: Prediction[], exposures: Float64Array | null): Prediction[] =>
  exposures === null
    ? predictions
    : predictions.map((each, row) => ("value" in each ? { ...each, value: each.value * exposures[row]! } : each));

/** The same of what each of several models says: rates of one unit, or what no exposure is of. */
export const countsOf = (rates: Float64Array, exposures: Float64Array | null): Float64Array =>
  exposures === null ? rates : rates.map((rate, row) => rate * exposures[row]!);
