import type { LossSpec } from "../../domain/jobs/spec/parts/loss-spec.ts";

/** The quantiles that a model of this loss predicts, one for each of its outputs: `quantile`, and of an interval its lower and its upper end. */
export const pinballLevels = ({ quantile, interval }: Extract<LossSpec, { type: "pinball" }>): readonly number[] =>
  interval === undefined ? [quantile] : [quantile, (1 - interval) / 2, (1 + interval) / 2];

/** ρ(r) = τ·r where r = label − prediction ≥ 0, (τ − 1)·r below. */
export const pinballAt = (residual: number, level: number): number => residual * (residual < 0 ? level - 1 : level);
