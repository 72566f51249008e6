import type { Logger } from "pino";
import { ServiceError } from "../../src/domain/errors.ts";
import type { Metrics } from "../../src/domain/jobs/job.ts";
import type { Fence } from "../../src/store/job-store.ts";
import { nameFold } from "../engine/name-fold.ts";
import type { FoldName } from "../engine/protocol.ts";
import type { Report } from "../engine/team-run.ts";
import type { Attempt } from "./attempt-context.ts";
import { createPhaseSpans } from "./phase-spans.ts";
import type { TrainerDeps, TrainerMeter } from "./trainer-deps.ts";

/** The lease is renewed by progress; it must be told at least this often, whether or not there is any. */
const heartbeatsPerLease = 3.3;

/** Progress is told as an event for each hundredth, and not too fast to watch: a job's event log has room for a thousand lines. */
const toldShare = 0.01;
const toldEveryMs = 200;

const createTold = (outbox: Attempt["outbox"], start: number) => {
  let toldProgress = start;
  let toldMs = performance.now();
  return (progress: number, metrics: Metrics, of: FoldName | null): void => {
    const nowMs = performance.now();
    if (progress < toldProgress + toldShare || (nowMs < toldMs + toldEveryMs && progress < 1)) return;
    [toldProgress, toldMs] = [progress, nowMs];
    const loss = metrics.trainLoss === undefined ? "" : `, loss ${metrics.trainLoss.toPrecision(4)}`;
    outbox.event({
      level: "info",
      type: "progress",
      ...nameFold(of, `${Math.floor(progress * 100)} %${loss}`, { progress, ...metrics }),
    });
  };
};

/** The first checkpoints are told of, and then one for each hundredth of the job: those of a long one would push all else out of its story. */
const toldCheckpoints = 20;

const createToldCheckpoints = () => {
  let told = 0;
  let toldProgress = 0;
  return (progress: number): boolean => {
    if (told >= toldCheckpoints && progress < toldProgress + toldShare) return false;
    told += 1;
    toldProgress = progress;
    return true;
  };
};

/**
 * Counts steps from what is reported: the points of the history name theirs, and between two of them progress is the share of the
 * planned steps. A progress of 1 may be an early stop and says nothing of steps.
 */
const createStepCounter = (meter: TrainerMeter) => {
  let counted = 0;
  return {
    start: (step: number): void => {
      counted = step;
    },
    reach: (step: number): void => {
      if (step > counted) meter.steps(step - counted);
      counted = Math.max(counted, step);
    },
  };
};

/** Takes away what nothing needs any more, beside everything else. */
const createTidying = ({ artifacts, jobs }: Pick<TrainerDeps, "artifacts" | "jobs">, fence: Fence, log: Logger) => {
  const tidying = new Set<Promise<void>>();
  const tidy = (key: string, work: Promise<void>): void => {
    const done = work
      .catch((error: unknown) => log.warn({ key, err: error }, "a checkpoint that nothing needs stays behind"))
      .finally(() => tidying.delete(done));
    tidying.add(done);
  };
  const obsolete = (keys: readonly string[]): void => {
    for (const key of keys) tidy(key, artifacts.remove(key));
  };
  /** One whose commit was not answered may be recorded all the same, and then another attempt goes on from it. */
  const refused = (key: string): void => {
    const unlessRecorded = async (): Promise<void> => {
      const recorded = await jobs.checkpoints(fence.tenant, fence.job).catch((error: unknown) => {
        if (error instanceof ServiceError && error.code === "not_found") return [];
        throw error;
      });
      if (!recorded.some((each) => each.key === key)) await artifacts.remove(key);
    };
    tidy(key, unlessRecorded());
  };
  return {
    obsolete,
    refused,
    tidied: async (): Promise<void> => {
      await Promise.all(tidying);
    },
  };
};

/** Turns what the lead reports into writes of the job's record, and renews the lease while the lead has nothing to say. */
export const createReporter = (
  deps: TrainerDeps,
  { outbox, job, fence, span }: Attempt,
  log: Logger,
): {
  report: (report: Report) => void;
  phases: ReturnType<typeof createPhaseSpans>;
  stop: () => void;
  tidied: () => Promise<void>;
} => {
  const { leaseMs, meter } = deps;
  const tell = createTold(outbox, job.progress);
  const steps = createStepCounter(meter);
  const isTold = createToldCheckpoints();
  const phases = createPhaseSpans(span);
  const tidying = createTidying(deps, fence, log);
  let last = { progress: job.progress, metrics: job.metrics };
  /** An attempt that goes on from a checkpoint does again what the one before had told of; meanwhile nothing goes back. */
  let least = job.progress;
  const timer = setInterval(() => outbox.progress(last.progress, last.metrics), leaseMs / heartbeatsPerLease);

  const report = (message: Report): void => {
    switch (message.type) {
      case "started":
        steps.start(message.step);
        if (message.step > 0) break;
        least = 0;
        last = { ...last, progress: 0 };
        break;
      case "progress":
        last = { progress: Math.max(least, message.progress), metrics: message.metrics };
        outbox.progress(last.progress, message.metrics);
        if (message.progress < 1) steps.reach(Math.round(message.progress * job.plan.steps));
        tell(last.progress, message.metrics, message.of ?? null);
        break;
      case "points":
        outbox.points(message.points);
        steps.reach(message.points.at(-1)?.step ?? 0);
        break;
      case "event":
        outbox.event({
          level: message.level,
          type: message.name,
          message: message.message,
          data: message.data,
        });
        break;
      case "checkpoint": {
        const { record, bytes, seconds } = message;
        const { step } = record;
        meter.checkpoint(seconds, bytes, span.traceparent ?? job.origin?.traceparent ?? null);
        outbox.checkpoint(record, tidying);
        const data = { step, bytes, seconds };
        if (isTold(last.progress)) {
          span.event("checkpoint", data);
          outbox.event({
            level: "info",
            type: "checkpoint",
            ...nameFold(message.of ?? null, `checkpoint at step ${step}`, data),
          });
        }
        break;
      }
      case "phase":
        phases.begin(message.phase, message.atMs, message.of ?? null);
        break;
      case "store_call":
        meter.storeCall(message.operation, message.seconds, message.error);
        break;
    }
  };
  return {
    report,
    phases,
    stop: () => clearInterval(timer),
    tidied: tidying.tidied,
  };
};
