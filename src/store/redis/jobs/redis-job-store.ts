import type { Redis } from "ioredis";
import { orNull } from "../../../domain/errors.ts";
import type { JobId, TenantId } from "../../../domain/ids.ts";
import { JobState } from "../../../domain/jobs/job-state.ts";
import { CRASHES_OF_SUSPECT } from "../../../domain/jobs/poison.ts";
import { DEFAULT_POOL } from "../../../domain/jobs/pool.ts";
import type { JobStore } from "../../job-store.ts";
import type { StoreConnections } from "../connection/store-connections.ts";
import { onRedis } from "../redis-error.ts";
import { ofPool, redisKeys } from "../redis-keys.ts";
import { createJobChanges } from "./job-changes.ts";
import { numberOf } from "./job-record.ts";
import { absent, createJobScripts, type JobScripts } from "./job-scripts.ts";
import { createEventLog, packCurve } from "./redis-job-event-log.ts";
import { createRuns } from "./redis-job-runs.ts";
import { createSubmissions } from "./redis-job-submissions.ts";
import { createUnfinished } from "./redis-unfinished-jobs.ts";

export interface RedisJobStoreOptions extends StoreConnections {
  /** How long a trainer may give no heartbeat before its job is taken from it. */
  leaseMs: number;
  /** The most jobs that one tenant may have with trainers at a time; null: any number. */
  runningJobs?: number | null;
  /** The same of tenants that differ. */
  runningJobsOf?: (tenant: TenantId) => Promise<number | null>;
  /** From how many crashes on a job is a suspect: see suspicionOf. */
  crashesOfSuspect?: number;
  /** Whether the ends of jobs that train are put into the RunOutbox. */
  tracked?: boolean;
}

/** JobStore on Redis: a job is one hash beside its history, events and metrics, and each change of it one Lua script. */
export const createRedisJobStore = ({
  redis,
  subscriber,
  confirmed = null,
  leaseMs,
  runningJobs = null,
  runningJobsOf = async () => runningJobs,
  crashesOfSuspect = CRASHES_OF_SUSPECT,
  tracked = false,
}: RedisJobStoreOptions): JobStore => {
  const jobScripts = createJobScripts(redis, crashesOfSuspect, confirmed);
  return {
    ...createSubmissions(jobScripts, { tracked }),
    ...createRuns(jobScripts, { leaseMs, runningJobsOf, crashesOfSuspect }),
    ...createEventLog(redis, jobScripts, leaseMs),
    onChange: createJobChanges(subscriber).listen,
    state: async (tenant, id) => {
      const state = await onRedis(() => redis.hget(`${redisKeys.jobPrefix(tenant)}:${id}`, "state"));
      if (state === null) throw absent(id);
      return JobState.parse(state);
    },
    reachedEpoch: async (tenant, id) => {
      const record = `${redisKeys.jobPrefix(tenant)}:${id}`;
      const [known, epoch] = await onRedis(() => redis.hmget(record, "id", "reachedEpoch"));
      if (!known) throw absent(id);
      return numberOf(epoch);
    },
    reachedFolds: async (tenant, id) => {
      const record = `${redisKeys.jobPrefix(tenant)}:${id}`;
      const [known, folds] = await onRedis(() => redis.hmget(record, "id", "reachedFolds"));
      if (!known) throw absent(id);
      return folds == null ? null : JSON.parse(folds);
    },
    ...createUnfinished(redis, jobScripts, crashesOfSuspect),
    unpublished: (tenant) => onRedis(() => redis.smembers(unpublishedKey(tenant))),
    published: async (tenant, id, lastEvent) => {
      await packCurve(redis, jobScripts, tenant, id);
      const keys = [`${redisKeys.jobPrefix(tenant)}:${id}:events`, unpublishedKey(tenant)];
      await jobScripts.scripts.notePublished(keys, id, lastEvent ?? "");
    },
    pools: async () => [DEFAULT_POOL, ...(await onRedis(() => redis.smembers(redisKeys.pools))).sort()],
    waitingWork: async (pool = DEFAULT_POOL) => {
      const waiting = ofPool(redisKeys.waiting, pool);
      const [ms, jobs] = await onRedis(() => Promise.all([redis.hget(`${waiting}:work`, "ms"), redis.scard(waiting)]));
      return { jobs, seconds: jobs === 0 ? 0 : Math.max(0, Number(ms ?? 0)) / 1000 };
    },
    glance: (tenant, most) => glance(redis, jobScripts, tenant, most),
    ping: async () => {
      await onRedis(() => redis.ping());
    },
  };
};

const glance = async (
  redis: Redis,
  { read }: JobScripts,
  tenant: TenantId,
  most: number,
): ReturnType<JobStore["glance"]> => {
  const index = redisKeys.jobIndex(tenant);
  const [ids, ...counted] = await onRedis(() =>
    Promise.all([
      redis.zrange(`${index}:queued`, "0", String(most - 1)),
      ...JobState.options.map((state) => redis.zcard(`${index}:${state}`)),
    ]),
  );
  const waiting = await Promise.all(ids.map(async (id) => orNull(read(tenant, id as JobId))));
  return {
    counts: Object.fromEntries(JobState.options.map((state, i) => [state, counted[i]!])) as Record<JobState, number>,
    // One may have been taken up, or deleted, meanwhile.
    waiting: waiting.flatMap((found) => (found?.job.state === "queued" ? [found.job] : [])),
  };
};

const unpublishedKey = (tenant: TenantId): string => `${redisKeys.jobIndex(tenant)}:unpublished`;
