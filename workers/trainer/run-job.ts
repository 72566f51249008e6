import { randomUUID } from "node:crypto";
import { ServiceError } from "../../src/domain/errors.ts";
import type { Job, JobError } from "../../src/domain/jobs/job.ts";
import { poisonError } from "../../src/domain/jobs/poison.ts";
import { poolOf } from "../../src/domain/jobs/pool.ts";
import type { QueueEntry, RunJob, RunOutcome } from "../../src/queue/training-queue.ts";
import { runAttempt } from "./attempt.ts";
import type { Claimed } from "./attempt-context.ts";
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
    hint: "lower resources.memoryBytes to what a trainer has, so that the plan saves what it can, use a smaller model or batch, or give the trainers more with TRAINER_MEMORY_BYTES",
  };
};

const poison = ({ history }: Job): JobError =>
  poisonError(history.findLast(({ state, attempt }) => state === "queued" && attempt > 0)?.reason ?? "");

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
      jobs.claim(entry.tenant, entry.job, `${deps.name}, ${deps.kernels}`, now().toISOString(), token),
    );
    if (claim === null) return null;
    const checkpoints = await whileUnavailable(signal, () => jobs.checkpoints(entry.tenant, entry.job));
    return { ...claim, checkpoints: checkpoints ?? [] };
  };
  const failWaiting = async (
    { tenant, job }: QueueEntry,
    error: JobError,
    signal: AbortSignal,
  ): Promise<RunOutcome> => {
    const done = await whileUnavailable(signal, () => jobs.failWaiting(tenant, job, error, now().toISOString()));
    if (done === null) return "hand_back";
    deps.log.error({ tenant, job, code: error.code }, `job failed: ${error.message}`);
    return "ended";
  };
  /** What the queue told of it has changed meanwhile: it is looked at anew. */
  const putBack = async ({ fence }: Claimed, signal: AbortSignal): Promise<RunOutcome> => {
    const reason = "it crashed while another trainer took it up";
    await whileUnavailable(signal, () => jobs.release(fence, "queued", reason, now().toISOString()));
    return "hand_back";
  };

  return async (entry, signal): Promise<RunOutcome> => {
    const job = await whileUnavailable(signal, () => jobs.get(entry.tenant, entry.job)).catch((error: unknown) => {
      if (error instanceof ServiceError && error.code === "not_found") return null;
      throw error;
    });
    if (job === null) return signal.aborted ? "hand_back" : "ended";
    if (job.state !== "queued") return "ended";
    // An earlier version knows no pools and queued it here; its own queue gets it from the reconciler.
    if (poolOf(job.spec.resources) !== deps.poolName) return "ended";
    const error = tooLarge(job, ledger);
    if (error !== null) {
      // A larger trainer takes it; this one looks again only because that one may be gone by then.
      const largest = await whileUnavailable(signal, () => jobs.largestTrainer(deps.poolName));
      if (largest === null) return "hand_back";
      if (largest >= job.plan.memoryBytes) return { laterMs: LARGER_TRAINER_MS };
      return failWaiting(entry, error, signal);
    }
    if (signal.aborted) return "hand_back";
    // One that was never taken up is nobody's suspect.
    const suspicion =
      job.attempt === 0 ? "none" : await whileUnavailable(signal, () => jobs.suspicion(entry.tenant, entry.job));
    if (suspicion === null) return "hand_back";
    if (suspicion === "poison") return failWaiting(entry, poison(job), signal);
    const place = ledger.admit({ ...job.plan, alone: suspicion === "suspect" });
    if (place === null) return { untilRoom: ledger.room() };
    try {
      const claim = await claimed(entry, signal).catch(waitAtLimit);
      if (claim !== null && "laterMs" in claim) return claim;
      if (claim === null) return signal.aborted ? "hand_back" : "ended";
      if (claim.suspicion !== suspicion) return await putBack(claim, signal);
      return await runAttempt(deps, claim, place, signal);
    } finally {
      place.giveBack();
    }
  };
};
