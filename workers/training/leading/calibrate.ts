import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import { calibrateOutputs, type IsotonicCalibration } from "../../../src/domain/models/parts/isotonic.ts";
import type { ReportNote } from "../../../src/domain/models/report.ts";
import { log64 } from "../../../src/engine/kernels/math64.ts";
import { chooseIsotonic } from "../../../src/stats/isotonic.ts";
import type { Validated } from "../explaining/threshold.ts";

/** Curves for the probabilities, fitted to the validation rows. Null: none are asked for, or those rows prefer none. */
export const calibrationOf = (
  { training }: Pick<ResolvedJobSpec, "training">,
  { outputs: width }: Preprocessing,
  validate: () => Validated,
): IsotonicCalibration | null => {
  if (training.calibration !== "isotonic") return null;
  const { outputs, labels, weights = null } = validate();
  return chooseIsotonic({ outputs, width, labels, weights }, log64);
};

/** Answers behind the curves, if there are any. */
export const behindCurves = <T extends { readonly outputs: Float32Array | Float64Array }>(
  calibration: IsotonicCalibration | null,
  { outputs: width }: Preprocessing,
  answers: T,
): Omit<T, "outputs"> & { readonly outputs: Float32Array | Float64Array } =>
  calibration === null ? answers : { ...answers, outputs: calibrateOutputs(calibration, answers.outputs, width) };

/** Whether and by what the probabilities were calibrated; null: nobody asked. */
export const isotonicNote = (
  { training }: Pick<ResolvedJobSpec, "training">,
  calibration: IsotonicCalibration | null,
  validationRows: number,
): ReportNote | null => {
  if (training.calibration !== "isotonic") return null;
  const message =
    calibration === null
      ? `no growing curve is surely better than the probabilities as they were learnt, on ${validationRows} validation rows: they are left as they are`
      : `the probabilities are put through growing curves that were fitted to ${calibration.rows} validation rows, each of which gained ${calibration.gain.toPrecision(3)} of log-likelihood by a curve of the others; losses among the metrics are of the weights without them`;
  return { code: "calibrated", message };
};
