import type { LossSpec } from "../../domain/jobs/spec/parts/loss-spec.ts";

type Pinball = Extract<LossSpec, { type: "pinball" }>;

/** The quantiles that a model of this loss predicts, one for each of its outputs: `quantile`, and of an interval its lower and its upper end. Of other losses none. */
export const pinballLevels = (loss: LossSpec): readonly number[] => {
  if (loss.type !== "pinball") return [];
  const { quantile, interval } = loss;
  return interval === undefined ? [quantile] : [quantile, (1 - interval) / 2, (1 + interval) / 2];
};

/** ρ(r) = τ·r where r = label − prediction ≥ 0, (τ − 1)·r below. */
export const pinballAt = (residual: number, level: number): number => residual * (residual < 0 ? level - 1 : level);

/** The loss of a row: the mean of ρ(label − output) over the quantiles that are predicted. */
export const pinballOf = (loss: Pinball, label: number, outputAt: (k: number) => number): number => {
  const levels = pinballLevels(loss);
  return levels.reduce((sum, level, k) => sum + pinballAt(label - outputAt(k), level) / levels.length, 0);
};
