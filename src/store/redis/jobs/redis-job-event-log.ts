import type { Redis } from "ioredis";
import { boundEvent } from "../../../domain/jobs/bounded-event.ts";
import type { JobEvent, MetricPoint } from "../../../domain/jobs/job.ts";
import type { JobStore } from "../../job-store.ts";
import { onRedis } from "../redis-error.ts";
import { jobKeys, redisKeys } from "../redis-keys.ts";
import { absent, type JobScripts } from "./job-scripts.ts";

type EventLog = Pick<JobStore, "appendEvent" | "events" | "appendMetrics" | "metrics">;

/** Events from `from` on, which is the first of them if it is kept; of a job or a study. */
export const readEventStream = async (
  redis: Redis,
  stream: string,
  { from, limit }: { from: string | null; limit: number },
): Promise<JobEvent[]> => {
  const entries = await onRedis(() => redis.xrange(stream, from ?? "-", "+", "COUNT", limit));
  return entries.map(([entryId, fields]): JobEvent => ({ ...JSON.parse(fields[1]!), id: entryId }));
};

/** A job's events and its metrics history. */
export const createEventLog = (redis: Redis, { scripts }: JobScripts, leaseMs: number): EventLog => ({
  appendEvent: async ({ tenant, job, attempt }, event) => {
    const appended = await scripts.appendEvent(jobKeys(tenant, job), attempt ?? "", JSON.stringify(boundEvent(event)));
    if (appended === -1) throw absent(job);
    return appended === 1;
  },
  events: (tenant, id, page) => readEventStream(redis, `${redisKeys.jobPrefix(tenant)}:${id}:events`, page),
  appendMetrics: async ({ tenant, job, attempt }, points) => {
    const args = points.flatMap((point) => [point.step, JSON.stringify(point)]);
    return (await scripts.appendMetrics(jobKeys(tenant, job), attempt, leaseMs, ...args)) === 1;
  },
  metrics: async (tenant, id, { afterStep, limit }) => {
    const set = `${redisKeys.jobPrefix(tenant)}:${id}:metrics`;
    const points = await onRedis(() => redis.zrangebyscore(set, `(${afterStep}`, "+inf", "LIMIT", 0, limit));
    return points.map((point): MetricPoint => JSON.parse(point));
  },
});
