import { isCalibratedByFolds } from "../../../src/domain/jobs/spec/effort/check-calibration.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { chooseTemperature, heatOfProbabilities } from "../../../src/engine/train/fitting/trials/temperature.ts";
import type { Pool } from "./pool.ts";

/** The temperature that rows prefer which the model of their fold has not seen, each once: those of the first repeat. Null: none is asked for, or other rows tell. */
export const temperatureOfFolds = (
  { model, training }: ResolvedJobSpec,
  { folds, columns }: Pool,
): NonNullable<ResolvedJobSpec["training"]["byFolds"]> | null => {
  const { truths, probabilities, weights } = columns;
  if (training.calibration !== "temperature" || !isCalibratedByFolds(model, training)) return null;
  if (truths === undefined || probabilities === undefined) return null;
  const rows = folds.reduce((sum, { repeat, kept }) => sum + (repeat === 0 ? kept : 0), 0);
  const classes = probabilities.length / truths.length;
  const heat = heatOfProbabilities(probabilities, truths.subarray(0, rows), classes, weights ?? null);
  return { ...chooseTemperature(heat), rows };
};
