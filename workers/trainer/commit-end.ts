import type { Logger } from "pino";
import type { JobError } from "../../src/domain/jobs/job.ts";
import type { JobState } from "../../src/domain/jobs/job-state.ts";
import type { Model } from "../../src/domain/models/model.ts";
import type { RunOutcome } from "../../src/queue/training-queue.ts";
import { artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { encodeManifest } from "../../src/store/artifacts/manifest-file.ts";
import { publishJob } from "../../src/store/job-files.ts";
import type { TeamEnd } from "../engine/team-run.ts";
import type { Attempt } from "./attempt-context.ts";
import { whileUnavailable } from "./outbox.ts";
import type { AttemptOutcome, TrainerDeps } from "./trainer-deps.ts";

/**
 * After the record is final: the files from which Redis could be rebuilt, and no more checkpoints. The record is
 * already committed, so what fails here is logged and left to the sweep.
 */
const publish = async (deps: TrainerDeps, attempt: Attempt, model: Model | null, log: Logger): Promise<void> => {
  const { tenant, job } = attempt.fence;
  try {
    // As it is recorded: the version is given there.
    if (model !== null) {
      const recorded = await deps.catalogue.model(tenant, model.id);
      await deps.artifacts.write(artifactKeys.modelManifest(tenant, model.id), encodeManifest(recorded, 2));
    }
    const ended = await deps.jobs.get(tenant, job);
    if (ended.prediction !== undefined && ended.state !== "succeeded")
      await deps.artifacts.remove(artifactKeys.predictions(tenant, job));
    await publishJob(deps, tenant, job, ended);
    await deps.artifacts.remove(artifactKeys.checkpoints(tenant, job));
  } catch (error) {
    log.error({ err: error }, "the finished job's files could not be published");
  }
};

const fail = async (deps: TrainerDeps, attempt: Attempt, error: JobError, log: Logger): Promise<RunOutcome> => {
  const at = deps.now().toISOString();
  const done = await whileUnavailable(attempt.lost, () => deps.jobs.fail(attempt.fence, error, at));
  log.warn({ code: error.code, recorded: done }, `job failed: ${error.message}`);
  if (done !== true) return "ended";
  attempt.became("failed");
  await publish(deps, attempt, null, log);
  return "ended";
};

/** Anything else: it waits again, or another trainer has taken it up meanwhile. */
const releasedAs: Partial<Record<JobState, AttemptOutcome>> = { cancelled: "cancelled", paused: "paused" };

/**
 * A run that stopped before its end: cancelled or paused as the user requested, else back to the queue. The store decides by
 * the state it holds, so a request that came at the last moment is not lost.
 */
const release = async (
  deps: TrainerDeps,
  attempt: Attempt,
  reason: string,
  log: Logger,
  crashed = false,
): Promise<RunOutcome> => {
  const { fence, lost } = attempt;
  const at = deps.now().toISOString();
  const released = await whileUnavailable(lost, () => deps.jobs.release(fence, "queued", reason, at, crashed));
  if (released !== true) return "ended";
  const job = await whileUnavailable(lost, () => deps.jobs.get(fence.tenant, fence.job));
  if (job !== null) attempt.became(releasedAs[job.state] ?? "handed_back");
  log.info({ state: job?.state, reason }, "job released");
  if (job?.state === "cancelled") await publish(deps, attempt, null, log);
  return job?.state === "queued" ? "hand_back" : "ended";
};

/** A trial that has come to where it is compared with others: it pauses, unless it was cancelled meanwhile. */
const reach = async (
  deps: TrainerDeps,
  attempt: Attempt,
  { epoch, folds }: Extract<TeamEnd, { type: "reached" }>,
  log: Logger,
): Promise<RunOutcome> => {
  const { fence, lost } = attempt;
  const at = deps.now().toISOString();
  const state = await whileUnavailable(lost, () => deps.jobs.reach(fence, epoch, at, folds));
  if (state === null) return "ended";
  attempt.became(releasedAs[state] ?? "handed_back");
  log.info({ state, epoch }, "job paused where it is compared");
  if (state === "cancelled") await publish(deps, attempt, null, log);
  return "ended";
};

const succeed = async (
  deps: TrainerDeps,
  attempt: Attempt,
  end: Extract<TeamEnd, { type: "trained" }>,
  log: Logger,
): Promise<RunOutcome> => {
  const { fence, lost } = attempt;
  const at = deps.now().toISOString();
  const model: Model = { ...end.model, createdAt: at };
  const committed = await whileUnavailable(lost, () => deps.jobs.succeed(fence, model, end.metrics, at));
  if (committed === true) {
    attempt.became("succeeded");
    log.info({ model: model.id, digest: model.digest }, "job succeeded");
    await publish(deps, attempt, model, log);
    return "ended";
  }
  // Refused: cancelled at the last moment, or another attempt's. Only the first has anything left to release.
  if (committed === false) await release(deps, attempt, "cancelled before the last commit", log);
  return "ended";
};

/** As `succeed`, of a job that leaves answers and no model. */
const succeedPrediction = async (
  deps: TrainerDeps,
  attempt: Attempt,
  { prediction, metrics }: Extract<TeamEnd, { type: "predicted" }>,
  log: Logger,
): Promise<RunOutcome> => {
  const { fence, lost } = attempt;
  const at = deps.now().toISOString();
  const done = await whileUnavailable(lost, () => deps.jobs.succeedPrediction(fence, prediction, metrics, at));
  if (done === true) {
    attempt.became("succeeded");
    log.info({ model: prediction.model, rows: prediction.rows }, "job succeeded");
    await publish(deps, attempt, null, log);
  } else if (done === false) await release(deps, attempt, "cancelled before the last commit", log);
  return "ended";
};

/** Records how the attempt ended. Every write is fenced: a stale attempt changes nothing. */
export const commitEnd = async (
  deps: TrainerDeps,
  attempt: Attempt,
  end: TeamEnd,
  log: Logger,
): Promise<RunOutcome> => {
  if (attempt.lost.aborted) return "ended";
  switch (end.type) {
    case "trained":
      return succeed(deps, attempt, end, log);
    case "predicted":
      return succeedPrediction(deps, attempt, end, log);
    case "failed":
      return fail(deps, attempt, end.error, log);
    case "overtime": {
      const { maxSeconds } = attempt.job.spec.resources;
      const message = `the job computed for longer than its resources.maxSeconds of ${maxSeconds}`;
      return fail(
        deps,
        attempt,
        { code: "max_seconds", message, hint: "raise resources.maxSeconds, or train fewer epochs" },
        log,
      );
    }
    case "reached":
      return reach(deps, attempt, end, log);
    case "interrupted":
      return release(deps, attempt, end.reason, log);
    case "crashed":
      log.error({ reason: end.reason }, "the engine crashed; the job goes on from its checkpoint");
      return release(deps, attempt, `the engine crashed: ${end.reason}`, log, true);
    case "stopped": {
      const trouble = attempt.trouble();
      if (trouble !== null) {
        const message = `the job's record could not be written: ${String(trouble)}`;
        return fail(
          deps,
          attempt,
          { code: "internal", message, hint: "this is a mistake of the service; see the trainer's log" },
          log,
        );
      }
      return release(deps, attempt, attempt.handingBack() ?? "stopped as requested", log);
    }
  }
};
