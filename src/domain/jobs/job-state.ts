import { z } from "zod";

export const JobState = z
  .enum(["queued", "running", "pausing", "paused", "cancelling", "succeeded", "failed", "cancelled"])
  .meta({
    id: "JobState",
    description:
      "queued → running → succeeded | failed | cancelled; running → pausing → paused → queued; running → cancelling → cancelled. The last three are final.",
  });
export type JobState = z.infer<typeof JobState>;

/**
 * The state machine as data: what moves a job from where to where. Every transition is one atomic Redis script;
 * those marked `fenced` are made by a trainer and refused unless it holds the job's current attempt.
 */
export const transitions = {
  claim: { from: ["queued"], to: "running", fenced: false },
  progress: { from: ["running"], to: "running", fenced: true },
  requestPause: { from: ["running"], to: "pausing", fenced: false },
  pause: { from: ["pausing"], to: "paused", fenced: true },
  /** A study's trial, at the epoch where it is compared with others. */
  reach: { from: ["running", "pausing"], to: "paused", fenced: true },
  pauseQueued: { from: ["queued"], to: "paused", fenced: false },
  resume: { from: ["paused"], to: "queued", fenced: false },
  /** Resumed before its trainer had paused it: it goes on, or back to the queue with the checkpoint that is being written. */
  withdrawPause: { from: ["pausing"], to: "running", fenced: false },
  /** Preemption, a lost worker, a drain: back to the queue, to go on from the checkpoint. */
  handBack: { from: ["running"], to: "queued", fenced: true },
  reclaim: { from: ["running"], to: "queued", fenced: false },
  reclaimPausing: { from: ["pausing"], to: "paused", fenced: false },
  reclaimCancelling: { from: ["cancelling"], to: "cancelled", fenced: false },
  requestCancel: { from: ["running", "pausing"], to: "cancelling", fenced: false },
  cancelWaiting: { from: ["queued", "paused"], to: "cancelled", fenced: false },
  cancel: { from: ["cancelling"], to: "cancelled", fenced: true },
  /** The last commit wins over a pause that came too late; a cancellation that came before it wins over the commit. */
  succeed: { from: ["running", "pausing"], to: "succeeded", fenced: true },
  fail: { from: ["running", "pausing", "cancelling"], to: "failed", fenced: true },
  failWaiting: { from: ["queued"], to: "failed", fenced: false },
} as const satisfies Record<string, { from: readonly JobState[]; to: JobState; fenced: boolean }>;

export type Transition = keyof typeof transitions;

export const isDone = (state: JobState): boolean =>
  state === "succeeded" || state === "failed" || state === "cancelled";
