import { randomUUID } from "node:crypto";
import { ServiceError } from "../src/domain/errors.ts";
import type { Job, JobError } from "../src/domain/job.ts";
import type { QueueEntry, RunJob, RunOutcome } from "../src/queue/training-queue.ts";
import type { CheckpointRecord, Fence } from "../src/store/job-store.ts";
import { runAttempt } from "./attempt.ts";
import type { Ledger } from "./ledger.ts";
import { whileUnavailable } from "./outbox.ts";
import { crashReason, type TrainerDeps } from "./trainer-deps.ts";

const crashesAllowed = 3;

const engineCrashes = (job: Job, newest: CheckpointRecord | undefined): number =>
  job.history.filter(({ reason, attempt }) => reason.startsWith(crashReason) && attempt >= (newest?.attempt ?? 0))
    .length;

const tooLarge = (job: Job, ledger: Ledger): JobError | null => {
  const { memoryBytes, threads } = job.plan;
  if (ledger.couldFit({ memoryBytes, threads })) return null;
  return {
    code: "out_of_memory",
    message: `the job's plan needs ${memoryBytes} bytes, more than a trainer may use`,
    hint: "use a smaller model or batch, or give the trainers more with TRAINER_MEMORY_BYTES",
  };
};

const poison = (crashes: number, job: Job): JobError => {
  const last = job.history.filter(({ state, attempt }) => state === "queued" && attempt > 0).at(-1);
  return {
    code: "poison",
    message: `the job took down ${crashes} trainers or engine threads without getting further than its last checkpoint; last: ${last?.reason ?? "unknown"}`,
    hint: "a smaller model or batch may help; the trainers' logs say more",
  };
};

/** The tenant has as many running jobs as it may: the entry steps aside, so that others' jobs run. */
const waitAtLimit = (error: unknown): { laterMs: number } => {
  if (!(error instanceof ServiceError) || error.code !== "quota_exceeded") throw error;
  return { laterMs: 1000 * (error.retryAfterSeconds ?? 1) };
};

/**
 * Runs what the queue hands out. Before anything is claimed the job has to fit the ledger: until then it stays `queued`,
 * and another wish of its user still reaches it there.
 */
export const createJobRunner = (deps: TrainerDeps): RunJob => {
  const { jobs, ledger, now } = deps;

  const claimed = async (
    entry: QueueEntry,
    signal: AbortSignal,
  ): Promise<{ fence: Fence; job: Job; checkpoints: CheckpointRecord[] } | null> => {
    const token = randomUUID();
    const claim = await whileUnavailable(signal, () =>
      jobs.claim(entry.tenant, entry.job, deps.name, now().toISOString(), token),
    );
    if (claim === null) return null;
    const checkpoints = (await whileUnavailable(signal, () => jobs.checkpoints(entry.tenant, entry.job))) ?? [];
    const crashes = claim.crashes + engineCrashes(claim.job, checkpoints[0]);
    if (crashes < crashesAllowed) return { ...claim, checkpoints };
    await whileUnavailable(signal, () => jobs.fail(claim.fence, poison(crashes, claim.job), now().toISOString()));
    deps.log.error({ ...entry, crashes }, "a job crashed again and again; it has failed");
    return null;
  };

  return async (entry, signal): Promise<RunOutcome> => {
    const job = await whileUnavailable(signal, () => jobs.get(entry.tenant, entry.job)).catch((error: unknown) => {
      if (error instanceof ServiceError && error.code === "not_found") return null;
      throw error;
    });
    if (job === null) return signal.aborted ? "hand_back" : "ended";
    if (job.state !== "queued") return "ended";
    const error = tooLarge(job, ledger);
    if (error !== null) {
      await whileUnavailable(signal, () => jobs.failWaiting(entry.tenant, entry.job, error, now().toISOString()));
      return "ended";
    }
    const giveBack = await ledger.admit(job.plan, signal);
    if (giveBack === null) return "hand_back";
    try {
      const claim = await claimed(entry, signal).catch(waitAtLimit);
      if (claim !== null && "laterMs" in claim) return claim;
      if (claim === null) return signal.aborted ? "hand_back" : "ended";
      return await runAttempt(deps, claim, signal);
    } finally {
      giveBack();
    }
  };
};
