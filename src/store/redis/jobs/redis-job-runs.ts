import { randomUUID } from "node:crypto";
import { ServiceError } from "../../../domain/errors.ts";
import type { TenantId } from "../../../domain/ids.ts";
import { boundText } from "../../../domain/jobs/bounded-event.ts";
import type { JobError } from "../../../domain/jobs/job.ts";
import { JobState, type Transition, transitions } from "../../../domain/jobs/job-state.ts";
import { suspicionOf } from "../../../domain/jobs/poison.ts";
import { DEFAULT_POOL } from "../../../domain/jobs/pool.ts";
import type { Fence, JobStore } from "../../job-store.ts";
import { jobKeys, ofPool, redisKeys } from "../redis-keys.ts";
import { parseRecord, poolField, type RawJob } from "./job-record.ts";
import type { JobScripts } from "./job-scripts.ts";
import { createEnds } from "./redis-job-ends.ts";

type Runs = Pick<
  JobStore,
  | "claim"
  | "suspicion"
  | "progress"
  | "commitCheckpoint"
  | "checkpoints"
  | "succeed"
  | "succeedPrediction"
  | "fail"
  | "release"
  | "reach"
  | "reclaim"
  | "failWaiting"
  | "announceTrainer"
  | "largestTrainer"
>;

const trainerKeys = (pool: string): string[] => {
  const trainers = ofPool(redisKeys.trainers, pool);
  return [trainers, `${trainers}:until`];
};

const LONGEST_WAIT_SECONDS = 60;

const boundError = ({ code, message, hint }: JobError): JobError => ({
  ...{ code, message: boundText(message), hint: boundText(hint) },
});

const isFull = (raw: unknown): raw is ["full", number] => Array.isArray(raw) && raw[0] === "full";

/** The further back its turn, the later the job looks again: thousands that wait at a tenant's limit must not keep trainers busy. */
const tooManyRunning = (runningJobs: number, placesAhead: number): ServiceError =>
  new ServiceError("quota_exceeded", `The tenant's limit of ${runningJobs} running jobs is reached`, {
    retryAfterSeconds: Math.min(1 + Math.floor(Math.max(placesAhead, 0) / runningJobs), LONGEST_WAIT_SECONDS),
  });

const ofFence = ({ tenant, job, attempt }: Fence) => ({ tenant, id: job, attempt });

/** How attempts stop that did not succeed. */
const createStops = (
  moved: JobScripts["moved"],
): Pick<Runs, "fail" | "release" | "reach" | "reclaim" | "failWaiting"> => ({
  fail: async (fence, error, at) =>
    (await moved({
      ...ofFence(fence),
      at,
      reason: error.message,
      by: ["fail"],
      fields: { error: JSON.stringify(boundError(error)) },
    })) !== null,
  release: async (fence, to, reason, at, crashed = false) => {
    const by: readonly Transition[] =
      to === "queued" ? ["handBack", "pause", "cancel"] : to === "paused" ? ["pause", "cancel"] : ["cancel"];
    return (await moved({ ...ofFence(fence), at, reason, by, ...(crashed ? { crash: "crashed" } : {}) })) !== null;
  },
  reach: (fence, epoch, at, folds) =>
    moved({
      ...ofFence(fence),
      at,
      reason: folds === undefined ? `compared at epoch ${epoch}` : `compared after fold ${epoch}`,
      by: ["reach", "cancel"],
      fields: {
        reachedEpoch: String(epoch),
        ...(folds === undefined ? {} : { reachedFolds: JSON.stringify(folds) }),
      },
    }),
  reclaim: (tenant, id, attempt, reason, at) =>
    moved({ tenant, id, attempt, at, reason, by: ["reclaim", "reclaimPausing", "reclaimCancelling"], crash: "lost" }),
  failWaiting: async (tenant, id, error, at) =>
    (await moved({
      tenant,
      id,
      at,
      reason: error.message,
      by: ["failWaiting"],
      fields: { error: JSON.stringify(boundError(error)) },
    })) !== null,
});

/** What trainers do with jobs, fenced by the attempt, and what is done about lost ones. */
export const createRuns = (
  { scripts, moved, read }: JobScripts,
  {
    leaseMs,
    runningJobsOf,
    crashesOfSuspect,
  }: { leaseMs: number; runningJobsOf: (tenant: TenantId) => Promise<number | null>; crashesOfSuspect: number },
): Runs => ({
  claim: async (tenant, id, trainer, at, token = randomUUID()) => {
    const { from, to } = transitions.claim;
    const runningJobs = await runningJobsOf(tenant);
    const raw = await scripts.claimJob(
      jobKeys(tenant, id),
      JSON.stringify(from),
      to,
      at,
      `taken up by ${trainer}`,
      leaseMs,
      runningJobs ?? "",
      token,
    );
    if (raw === null) return null;
    if (isFull(raw)) throw tooManyRunning(runningJobs ?? 0, raw[1]);
    const { job, crashes, trial } = parseRecord(raw as RawJob);
    const suspicion = suspicionOf(crashes, crashesOfSuspect);
    return { fence: { tenant, job: id, attempt: job.attempt }, job, suspicion, trial };
  },
  suspicion: async (tenant, id) => suspicionOf((await read(tenant, id)).crashes, crashesOfSuspect),
  progress: async ({ tenant, job, attempt }, { progress, metrics }) => {
    const keys = jobKeys(tenant, job);
    const [held, state] = (await scripts.progressJob(keys, attempt, progress, JSON.stringify(metrics), leaseMs)) as [
      number,
      string,
    ];
    return { held: held === 1, state: state === "" ? null : JobState.parse(state) };
  },
  commitCheckpoint: async ({ tenant, job, attempt }, checkpoint) => {
    const [held, ...obsolete] = (await scripts.commitCheckpoint(
      jobKeys(tenant, job),
      attempt,
      JSON.stringify(checkpoint),
      leaseMs,
    )) as [number, ...string[]];
    return held === 1 ? { obsolete } : null;
  },
  checkpoints: async (tenant, id) => (await read(tenant, id)).checkpoints,
  ...createEnds({ scripts, moved, read }),
  ...createStops(moved),
  announceTrainer: async (name, memoryBytes, forMs, pool = DEFAULT_POOL) => {
    await scripts.announceTrainer([...trainerKeys(pool), redisKeys.pools], name, memoryBytes, forMs, poolField(pool));
  },
  largestTrainer: async (pool = DEFAULT_POOL) => Number(await scripts.largestTrainer(trainerKeys(pool))),
});
