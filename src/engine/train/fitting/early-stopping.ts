import type { EarlyStopping } from "../../../domain/jobs/spec/parts/training-spec.ts";
import type { BestEpoch } from "../planning/training.ts";
import type { Evaluation } from "./evaluate.ts";

/** The monitored value, turned so that smaller is better. */
export const monitored = (options: EarlyStopping, measured: Evaluation): number => {
  if (options.metric === "accuracy" && measured.accuracy !== null) return -measured.accuracy;
  if (options.metric === "r2" && measured.r2 !== null) return -measured.r2;
  return measured.loss;
};

/** The best epoch after this one: better by more than `minimumChange`, or one epoch further from it. */
export const nextBest = (options: EarlyStopping, best: BestEpoch | null, epoch: number, value: number): BestEpoch => {
  if (!best || value < best.value - options.minimumChange) return { epoch, value, bad: 0 };
  return { ...best, bad: best.bad + 1 };
};

export const shouldStop = (options: EarlyStopping, best: BestEpoch): boolean => best.bad >= options.patience;
