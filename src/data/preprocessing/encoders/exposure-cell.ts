import type { Cell } from "../../../domain/datasets/dataset.ts";
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
    if (isNumber && value > 0) return value;
    return `must be a number above 0, what the count is of; give 1 for the rate of one unit; got ${describeCell(value ?? null)}`;
  }
  if (isNumber) return exp64(Math.min(700, value));
  return `must be a number, the logarithm of what the count is of; give 0 for the rate of one unit; got ${describeCell(value ?? null)}`;
};

/** Rates of one unit to counts of what each row is of. */
export const withExposures = (predictions: Prediction[], exposures: Float64Array | null): Prediction[] =>
  exposures === null
    ? predictions
    : predictions.map((each, row) => ("value" in each ? { ...each, value: each.value * exposures[row]! } : each));
