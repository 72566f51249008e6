import type { JobError } from "./job.ts";

/** Crashes without a checkpoint that went further than all before, from which on a job is suspected; unless the operator says another. */
export const CRASHES_OF_SUSPECT = 3;

/** An engine that crashes or hangs was the job's own. A trainer may be lost to much that is not the job: a machine taken away, a cut network. */
export const CRASH_COUNTS = { crashed: 1, lost: 0.5 } as const;

/** A suspect runs with nothing beside it. One more crash then, or two lost trainers, and nothing else can have been the cause: poison. */
export type Suspicion = "none" | "suspect" | "poison";

/**
 * @param crashes what is counted against the job, each as CRASH_COUNTS says
 * @param limit from which on it is a suspect
 */
export const suspicionOf = (crashes: number, limit: number): Suspicion =>
  crashes >= limit + 1 ? "poison" : crashes >= limit ? "suspect" : "none";

/** Why such a job has failed. `last`: the reason of the last loss, in the history's words. */
export const poisonError = (last: string): JobError => ({
  code: "poison",
  message: `the job took down engine threads or trainers again and again without getting further than its last checkpoint, at last with nothing running beside it; last: ${last}`,
  hint: "a smaller batch or model, or less data, may avoid it; the trainers' logs say more",
});
