import type { Logger } from "pino";
import { ServiceError } from "../../src/domain/errors.ts";
import { startAttemptSpan } from "../../src/domain/jobs/attempt-span.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import type { JobState } from "../../src/domain/jobs/job-state.ts";
import { traceFields } from "../../src/domain/trace.ts";
import type { RunOutcome } from "../../src/queue/training-queue.ts";
import { datasetOfJob } from "../../src/store/dataset-version.ts";
import { baseRows } from "../../src/store/learnt-from.ts";
import { type Control, createControl, sendSignal, shareCores } from "../engine/control.ts";
import type { RunOrder } from "../engine/protocol.ts";
import { toRunEnd } from "../engine/run-error.ts";
import { runTeam, type TeamEnd } from "../engine/team-run.ts";
import type { Attempt, Claimed } from "./attempt-context.ts";
import { commitEnd } from "./commit-end.ts";
import type { Place } from "./ledger.ts";
import { longestSilenceMs } from "./longest-silence.ts";
import { createOutbox, type NewEvent, whileUnavailable } from "./outbox.ts";
import { createReporter } from "./reporter.ts";
import type { AttemptOutcome, TrainerDeps } from "./trainer-deps.ts";

/** Follows what the user requests: told by Redis, and seen on every heartbeat in case a message was lost. */
const onState = (control: Control, state: JobState): void => {
  if (state === "cancelling") sendSignal(control, "abandon");
  if (state === "pausing") sendSignal(control, "checkpoint");
};

/** A run that has not stopped by then is ended from outside, so that its job can still be handed back, at its last checkpoint. */
const drainShare = 0.8;

const createAttempt = (
  deps: TrainerDeps,
  { fence, job }: Claimed,
  log: Logger,
  signal: AbortSignal,
): Attempt & { close(): void } => {
  const control = createControl();
  const lost = new AbortController();
  const giveUp = new AbortController();
  let drain: NodeJS.Timeout | undefined;
  let handingBack: string | null = null;
  let trouble: unknown = null;
  let outcome: AttemptOutcome = "lost";
  const lose = (): void => {
    if (lost.signal.aborted) return;
    log.warn("the job is held by another attempt; this one stops and writes nothing");
    sendSignal(control, "abandon");
    lost.abort();
  };
  const onAbort = (): void => {
    // One that lost touch with the queue stops computing just like one that is told to stop. Whether the job is still its own
    // to checkpoint and to give back only the store knows, and every write asks it.
    handingBack = signal.reason === "closing" ? "the trainer is stopping" : "the trainer lost touch with the queue";
    sendSignal(control, "checkpoint");
    if (signal.reason === "closing") drain = setTimeout(() => giveUp.abort(), drainShare * deps.drainMs);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  const outbox = createOutbox({
    jobs: deps.jobs,
    fence,
    lost: lost.signal,
    onLost: lose,
    onState: (state) => onState(control, state),
    onError: (error) => {
      trouble = error;
      log.error({ err: error }, "the job's record refused a write");
      sendSignal(control, "abandon");
    },
    now: deps.now,
  });
  return {
    fence,
    job,
    control,
    span: startAttemptSpan(deps.tracing, fence.tenant, job, fence.attempt),
    outbox,
    lost: lost.signal,
    giveUp: giveUp.signal,
    handingBack: () => handingBack,
    trouble: () => trouble,
    outcome: () => outcome,
    became: (known) => {
      outcome = known;
    },
    close: () => {
      clearTimeout(drain);
      signal.removeEventListener("abort", onAbort);
    },
  };
};

/** Looks at the job whenever Redis says that it changed. Returns the unsubscriber. */
const followRequests = async ({ jobs }: TrainerDeps, { fence, control }: Attempt, log: Logger): Promise<() => void> => {
  const look = (): void => {
    jobs.get(fence.tenant, fence.job).then(
      ({ state }) => onState(control, state),
      // The next heartbeat tells the same.
      (error: unknown) => log.debug({ err: error }, "the job's state could not be read"),
    );
  };
  try {
    return await jobs.onChange(fence.tenant, fence.job, look);
  } catch (error) {
    log.warn({ err: error }, "changes of the job cannot be followed; requests are seen with each heartbeat");
    return () => {};
  }
};

const prepareOrder = async (
  deps: TrainerDeps,
  { fence, control }: Attempt,
  claimed: Claimed,
): Promise<Omit<RunOrder, "memory">> => {
  const { job, checkpoints, trial } = claimed;
  const { tenant, attempt } = fence;
  const { spec, plan } = job;
  const [dataset, base] = await Promise.all([
    datasetOfJob(deps, tenant, job),
    spec.base === undefined ? null : deps.catalogue.model(tenant, spec.base.model),
  ]);
  const trainsFrom = job.prediction == null ? base : null;
  const { seen } = await baseRows(deps.catalogue, tenant, spec, dataset, trainsFrom);
  const { artifactUrl, artifactCache, scratchFolder, checkpointMs } = deps;
  const admitted = { memoryBytes: plan.memoryBytes, threads: Math.min(plan.threads, deps.threads) };
  return {
    tenant,
    job: job.id,
    attempt,
    spec,
    dataset,
    base,
    seenByBase: seen,
    prediction: job.prediction ?? null,
    checkpoints,
    artifactUrl,
    artifactCache,
    scratchFolder,
    checkpointMs,
    trial,
    admitted,
    control,
  };
};

/** What the job refers to is gone, although the record protects it: only the user can say what to train on instead. Or its memory is not to be had. */
const withoutStart = (error: unknown): TeamEnd => {
  const refused = error instanceof RangeError ? toRunEnd(error) : null;
  if (refused !== null) return refused;
  if (!(error instanceof ServiceError) || error.code !== "not_found") throw error;
  const hint = "submit the job again with a data set and a base model that exist";
  return { type: "failed", error: { code: "data", message: error.message, hint } };
};

/** From the last time that the job came into the queue to now; machines need not agree on the time to the second. */
const waitedSeconds = ({ history, createdAt }: Job, now: Date): number => {
  const queued = history.filter(({ state }) => state === "queued").at(-1);
  return Math.max(0, now.getTime() - Date.parse(queued?.at ?? createdAt)) / 1000;
};

/** Why a run is not at its end through its own or the world's fault; null: it is, or was told to stop. */
const failureOf = (end: TeamEnd | null): string | null => {
  if (end?.type === "failed") return end.error.message;
  if (end?.type === "crashed" || end?.type === "interrupted") return end.reason;
  return end?.type === "overtime" ? "resources.maxSeconds are used up" : null;
};

/** One that lost its job says nothing: who took the job from it has told of the attempt. */
const endSpan = ({ span, outcome }: Attempt): void => {
  const how = outcome();
  if (how === "lost") return;
  span.set({ "descent.job.outcome": how });
  if (how === "failed") span.fail("the job failed");
  span.end();
};

const runsAlone: NewEvent = {
  level: "warn",
  type: "runs_alone",
  message:
    "engine threads or trainers were lost with this job again and again; it runs with nothing beside it, to see whether it is the cause",
  data: {},
};

/** Runs a claimed job until it ends, is stopped by a request, or is lost. */
export const runAttempt = async (
  deps: TrainerDeps,
  claimed: Claimed,
  place: Place,
  signal: AbortSignal,
): Promise<RunOutcome> => {
  const { fence, job } = claimed;
  const log = deps.log.child({ tenant: fence.tenant, job: job.id, attempt: fence.attempt, ...traceFields(job.origin) });
  const attempt = createAttempt(deps, claimed, log, signal);
  const { span } = attempt;
  place.onShare((cores) => shareCores(attempt.control, cores));
  const unfollow = await followRequests(deps, attempt, log);
  const reporter = createReporter(deps, attempt, log);
  const { memoryBytes, threads } = job.plan;
  const waited = waitedSeconds(job, deps.now());
  deps.meter.started(waited, span.traceparent ?? job.origin?.traceparent ?? null);
  span.set({ "descent.trainer": deps.name, "descent.job.wait_seconds": waited });
  const { checkpoints, suspicion } = claimed;
  log.info({ memoryBytes, threads, checkpoints: checkpoints.length, alone: suspicion === "suspect" }, "job started");
  if (suspicion === "suspect") attempt.outbox.event(runsAlone);
  const run = async (): Promise<TeamEnd | null> => {
    const order = await whileUnavailable(attempt.lost, () => prepareOrder(deps, attempt, claimed));
    if (order === null) return null;
    // Told to stop since it was claimed: there is nothing yet to write a checkpoint of.
    if (attempt.handingBack() !== null) return { type: "stopped" };
    const { memories, pool } = deps;
    const heartbeatMs = longestSilenceMs(job.plan, deps.heartbeatMs);
    const memory = memories.take(memoryBytes);
    try {
      const { report } = reporter;
      return await runTeam(pool, { ...order, memory }, { heartbeatMs, log, report, giveUp: attempt.giveUp });
    } finally {
      memories.giveBack(memory);
    }
  };
  try {
    const end = await run().catch(withoutStart);
    reporter.stop();
    reporter.phases.end(failureOf(end));
    await attempt.outbox.drained();
    return end === null ? "ended" : await commitEnd(deps, attempt, end, log);
  } finally {
    deps.meter.ended(attempt.outcome());
    reporter.stop();
    reporter.phases.end("interrupted");
    endSpan(attempt);
    await reporter.tidied();
    unfollow();
    attempt.close();
  }
};
