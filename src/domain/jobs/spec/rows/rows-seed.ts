import type { TrainingSpec } from "../parts/training-spec.ts";

/** What draws the rows of splits and folds. */
export const rowsSeed = ({ split, seed }: { split: { seed?: TrainingSpec["split"]["seed"] }; seed: number }): number =>
  split.seed ?? seed;
