import type { JobError } from "./job.ts";

/** Trainers or engines lost without a checkpoint that went further than all before: then the job is taken to be the cause. */
export const CRASHES_OF_POISON = 3;

/** Why such a job has failed. `last`: the reason of the last loss, in the history's words. */
export const poisonError = (crashes: number, last: string): JobError => ({
  code: "poison",
  message: `the job took down ${crashes} trainers or engine threads without getting further than its last checkpoint; last: ${last}`,
  hint: "a smaller batch or model, or less data, may avoid it; the trainers' logs say more",
});
