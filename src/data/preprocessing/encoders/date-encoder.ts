import type { FeatureTransform } from "../../../domain/models/model.ts";
import { cosTurns64, sinTurns64 } from "../../../engine/kernels/math64.ts";
import { phaseOf } from "../../columns/date-cycles.ts";
import type { Floats } from "./floats.ts";

type DatetimeTransform = Extract<FeatureTransform, { type: "datetime" }>;

/** Writes the elapsed days, (d − mean)/scale, and sine and cosine of each cycle, of days since 1970; NaN where it is missing: all 0. */
export const createDateWriter = (transform: DatetimeTransform): ((out: Floats, at: number, days: number) => void) => {
  const { mean, scale, cycles, missingIndicator, unlearnt = false } = transform;
  const { minimum, maximum } = transform.clip ?? {
    minimum: Number.NEGATIVE_INFINITY,
    maximum: Number.POSITIVE_INFINITY,
  };
  return (out, at, days) => {
    const missing = unlearnt || Number.isNaN(days);
    out[at] = missing ? 0 : (Math.min(maximum, Math.max(minimum, days)) - mean) / scale;
    for (const [i, cycle] of cycles.entries()) {
      const phase = missing ? 0 : phaseOf(cycle, days);
      out[at + 1 + 2 * i] = missing ? 0 : sinTurns64(phase);
      out[at + 2 + 2 * i] = missing ? 0 : cosTurns64(phase);
    }
    if (missingIndicator) out[at + 1 + 2 * cycles.length] = missing ? 1 : 0;
  };
};
