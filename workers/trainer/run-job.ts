import { randomUUID } from "node:crypto";
import { ServiceError } from "../../src/domain/errors.ts";
import type { Job, JobError } from "../../src/domain/jobs/job.ts";
import { CRASHES_OF_POISON, poisonError } from "../../src/domain/jobs/poison.ts";
import type { QueueEntry, RunJob, RunOutcome } from "../../src/queue/training-queue.ts";
import { type Claimed, runAttempt } from "./attempt.ts";
import type { Ledger } from "./ledger.ts";
import { whileUnavailable } from "./outbox.ts";
import type { TrainerDeps } from "./trainer-deps.ts";

/** An entry that only a larger trainer can run is put aside for so long; it is busy for longer than that. */
const LARGER_TRAINER_MS = 1000;

const tooLarge = (job: Job, ledger: Ledger): JobError | null => {
  const { memoryBytes, threads } = job.plan;
  if (ledger.couldFit({ memoryBytes, threads })) return null;
  return {
    code: "out_of_memory",
    message: `the job's plan needs ${memoryBytes} bytes, more than any trainer may use`,
    hint: "use a smaller model or batch, or give the trainers more with TRAINER_MEMORY_BYTES",
  };
};

const poison = (crashes: number, { history }: Job): JobError =>
  poisonError(crashes, history.findLast(({ state, attempt }) => state === "queued" && attempt > 0)?.reason ?? "");

/** The tenant has as many running jobs as it may: the entry steps aside, so that others' jobs run. */
const waitAtLimit = (error: unknown): { laterMs: number } => {
  if (!(error instanceof ServiceError) || error.code !== "quota_exceeded") throw error;
  return { laterMs: 1000 * (error.retryAfterSeconds ?? 1) };
};

/**
 * Runs what the queue hands out. A job that does not fit beside those that run goes back to the queue, unclaimed: another trainer
 * may have room, and whoever is next when there is some may be another tenant's.
 */
export const createJobRunner = (deps: TrainerDeps): RunJob => {
  const { jobs, ledger, now } = deps;

  const claimed = async (entry: QueueEntry, signal: AbortSignal): Promise<Claimed | null> => {
    const token = randomUUID();
    const claim = await whileUnavailable(signal, () =>
      jobs.claim(entry.tenant, entry.job, deps.name, now().toISOString(), token),
    );
    if (claim === null) return null;
    const { crashes } = claim;
    if (crashes < CRASHES_OF_POISON) {
      const checkpoints = await whileUnavailable(signal, () => jobs.checkpoints(entry.tenant, entry.job));
      return { ...claim, checkpoints: checkpoints ?? [] };
    }
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
      // A larger trainer takes it; this one looks again only because that one may be gone by then.
      const largest = await whileUnavailable(signal, () => jobs.largestTrainer());
      if (largest === null) return "hand_back";
      if (largest >= job.plan.memoryBytes) return { laterMs: LARGER_TRAINER_MS };
      await whileUnavailable(signal, () => jobs.failWaiting(entry.tenant, entry.job, error, now().toISOString()));
      return "ended";
    }
    if (signal.aborted) return "hand_back";
    const giveBack = ledger.admit(job.plan);
    if (giveBack === null) return { untilRoom: ledger.room() };
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
