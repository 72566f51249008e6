import { type FieldError, ServiceError } from "../../domain/errors.ts";
import type { Prediction, PredictWarning } from "../../domain/models/predictions/prediction.ts";

/** An answer with more errors than this would help nobody. */
const mostErrors = 50;

const allFinite = (value: unknown): boolean => {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value !== "object" || value === null || Object.values(value).every(allFinite);
};

/**
 * A prediction that is infinite or no number at all is not given: JSON would make it null, and a label would be one of none.
 * Errors: `unprocessable` with a pointer to each such row, `/rows/3`.
 */
export const requireFinite = (predictions: readonly Prediction[], warnings: readonly PredictWarning[]): void => {
  const errors: FieldError[] = [];
  for (const [row, prediction] of predictions.entries()) {
    if (allFinite(prediction)) continue;
    const beyond = warnings.find((warning) => warning.row === row && warning.code === "out_of_range");
    const why =
      beyond === undefined
        ? "its numbers may be too far from those of training"
        : `${beyond.column}: ${beyond.message}`;
    errors.push({ pointer: `/rows/${row}`, detail: `the model's answer is not a finite number; ${why}` });
    if (errors.length === mostErrors) break;
  }
  const [first] = errors;
  if (first !== undefined) throw new ServiceError("unprocessable", `${first.pointer}: ${first.detail}`, { errors });
};
