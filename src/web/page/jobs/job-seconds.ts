import type { Job } from "../../../domain/jobs/job.ts";
import type { JobState } from "../../../domain/jobs/job-state.ts";

/** The states in which a trainer has the job. */
const held: readonly JobState[] = ["running", "pausing", "cancelling"];

/** Seconds that the job was with trainers, all attempts together, until `nowMs`: its clock stands still while it waits or is paused. Null before the first. */
export const jobSeconds = (
  { history, startedAt }: Pick<Job, "history" | "startedAt">,
  nowMs: number,
): number | null => {
  if (startedAt === null) return null;
  return history.reduce((seconds, { state, at }, position) => {
    if (!held.includes(state)) return seconds;
    const next = history[position + 1];
    const untilMs = next === undefined ? nowMs : Date.parse(next.at);
    return seconds + Math.max(0, untilMs - Date.parse(at)) / 1000;
  }, 0);
};
