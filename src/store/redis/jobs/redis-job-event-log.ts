import type { Redis } from "ioredis";
import type { JobId, TenantId } from "../../../domain/ids.ts";
import { boundEvent } from "../../../domain/jobs/bounded-event.ts";
import type { JobEvent, MetricPoint } from "../../../domain/jobs/job.ts";
import type { JobStore } from "../../job-store.ts";
import { onRedis } from "../redis-error.ts";
import { jobKeys, redisKeys } from "../redis-keys.ts";
import { absent, type JobScripts } from "./job-scripts.ts";
import { isPacked, POINTS_IN_BLOCK, packPoints, readPoints } from "./packed-curve.ts";

/** Of what is asked for first: whether points or blocks, nobody knows yet. */
const FIRST_ENTRIES = 16;
const ENTRIES_AT_ONCE = 1000;

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
  metrics: (tenant, id, page) => readCurve(redis, [tenant, id], page),
});

/** Of the set of points and blocks, the first that hold something beyond a step. */
const entriesOf = (
  redis: Redis,
  [tenant, id]: readonly [TenantId, JobId],
  afterStep: number,
  count: number,
): Promise<Buffer[]> => {
  const set = `${redisKeys.jobPrefix(tenant)}:${id}:metrics`;
  return onRedis(() => redis.zrangebyscoreBuffer(set, `(${afterStep}`, "+inf", "LIMIT", 0, count));
};

/** Goes on behind the last step that it read, never at a place in the set: points may become a block between two reads. */
const readCurve = async (
  redis: Redis,
  job: readonly [TenantId, JobId],
  { afterStep, limit }: { afterStep: number; limit: number },
): Promise<MetricPoint[]> => {
  const points: MetricPoint[] = [];
  for (let count = Math.min(limit, FIRST_ENTRIES); points.length < limit; ) {
    const last = points.at(-1)?.step ?? afterStep;
    const entries = await entriesOf(redis, job, last, count);
    for (const entry of entries) points.push(...(await readPoints(entry)).filter(({ step }) => step > last));
    if (entries.length < count) break;
    const each = isPacked(entries.at(-1)!) ? POINTS_IN_BLOCK : 1;
    count = Math.min(Math.ceil((limit - points.length) / each), ENTRIES_AT_ONCE);
  }
  return points.slice(0, limit);
};

/** Puts a finished job's curve into blocks, a fifth as large. Nothing happens where it is in blocks already, or the job is not done. */
export const packCurve = async (redis: Redis, { scripts }: JobScripts, tenant: TenantId, id: JobId): Promise<void> => {
  const [first] = await entriesOf(redis, [tenant, id], -1, 1);
  if (first === undefined || isPacked(first)) return;
  const points = await readCurve(redis, [tenant, id], { afterStep: -1, limit: Number.POSITIVE_INFINITY });
  await scripts.packCurve(jobKeys(tenant, id), points.length, ...(await packPoints(points)));
};
