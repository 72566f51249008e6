import type { Plan } from "../../src/domain/jobs/job.ts";

/** What a core computes at the very least: a tenth of what it does when it has nothing else to do. */
const slowestFlopsPerSecond = 1e9;

/**
 * How long the lead of a job may give no sign of life. It gives one between two steps, and none while it measures the training split at
 * the end, a third of an epoch's FLOPs: a job whose steps are large must not be taken for hung on a machine that is busy.
 */
export const longestSilenceMs = (
  { flopsPerStep, stepsPerEpoch }: Pick<Plan, "flopsPerStep" | "stepsPerEpoch">,
  heartbeatMs: number,
): number => Math.max(heartbeatMs, (1000 * flopsPerStep * (1 + stepsPerEpoch / 3)) / slowestFlopsPerSecond);
