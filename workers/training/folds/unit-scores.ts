import type { Tensor } from "../../../src/formats/safetensors/safetensors.ts";
import { type Pool, unitsOf } from "./pool.ts";

/**
 * What a study compares its trials by: of each unit (row or group), in its order, the share of the objective's mean that is its own, times the number of units.
 * Their mean is that of all predictions, and they are independent of each other, which repeats of a row or rows of a group are not.
 */
export const unitScores = (pool: Pool): Tensor[] => {
  const unitOf = unitsOf(pool);
  const units = unitOf.reduce((most, unit) => Math.max(most, unit + 1), 0);
  return ["loss", "hit", "square"].flatMap((name) => {
    const scores = pool.columns[name];
    if (scores === undefined) return [];
    const sums = new Float64Array(units);
    for (const [i, score] of scores.entries()) sums[unitOf[i]!]! += (score * units) / scores.length;
    return [{ name, dtype: "F32" as const, shape: [units], data: Float32Array.from(sums) }];
  });
};
