import { z } from "zod";
import type { JobId, TenantId } from "../domain/ids.ts";
import { isBefore } from "../domain/jobs/event-order.ts";
import { type Job, JobEvent, MetricPoint } from "../domain/jobs/job.ts";
import { limits } from "../domain/limits.ts";
import { type ArtifactStore, artifactKeys } from "./artifacts/artifact-store.ts";
import { decodeManifest, encodeManifest } from "./artifacts/manifest-file.ts";
import type { JobStore } from "./job-store.ts";

/** What a finished job's record does not say of its course. */
export interface JobLog {
  events: JobEvent[];
  points: MetricPoint[];
}

const areInOrder = (events: readonly { id: string }[]): boolean =>
  events.every(({ id }, i) => i === 0 || isBefore(events[i - 1]!.id, id));

const JobLogFile = z.object({
  events: z
    .array(JobEvent.extend({ id: z.string().regex(/^\d{1,16}-\d{1,16}$/) }))
    .max(limits.eventsPerJob)
    .refine(areInOrder),
  points: z.array(MetricPoint).max(limits.metricPointsPerJob),
});

const BATCH = 500;

const bytesOf = (entry: unknown): number => Buffer.byteLength(JSON.stringify(entry));

/** The newest that have room. */
const newestWithin = <T>(entries: readonly T[], limitBytes: number): T[] => {
  let bytes = 0;
  const last = entries.findLastIndex((entry) => {
    bytes += bytesOf(entry);
    return bytes > limitBytes;
  });
  return entries.slice(last + 1);
};

/** As the job store thins a curve: every second point goes, the first and the last stay. */
const thinnedTo = <T>(points: readonly T[], limitBytes: number): T[] => {
  let kept = [...points];
  let bytes = kept.reduce((sum, point) => sum + bytesOf(point), 0);
  while (bytes > limitBytes && kept.length > 2) {
    kept = kept.filter((_, i) => i % 2 === 0 || i === kept.length - 1);
    bytes = kept.reduce((sum, point) => sum + bytesOf(point), 0);
  }
  return kept;
};

const readEvents = async (jobs: JobStore, tenant: TenantId, id: JobId): Promise<JobEvent[]> => {
  const events: JobEvent[] = [];
  for (;;) {
    const last = events.at(-1)?.id ?? null;
    const batch = await jobs.events(tenant, id, { from: last, limit: BATCH });
    events.push(...(batch[0]?.id === last ? batch.slice(1) : batch));
    if (batch.length < BATCH) return events;
  }
};

const readPoints = async (jobs: JobStore, tenant: TenantId, id: JobId): Promise<MetricPoint[]> => {
  const points: MetricPoint[] = [];
  for (;;) {
    const batch = await jobs.metrics(tenant, id, { afterStep: points.at(-1)?.step ?? -1, limit: BATCH });
    points.push(...batch);
    if (batch.length < BATCH) return points;
  }
};

interface Stores {
  artifacts: ArtifactStore;
  jobs: JobStore;
}

/**
 * Writes a finished job's log and then its manifest beside it: all that is needed to record it again. What has no end yet, or no
 * record any more, is left alone. Safe to repeat, also in several processes at once.
 */
export const publishJob = async (
  { artifacts, jobs }: Stores,
  tenant: TenantId,
  id: JobId,
  job: Job | null,
): Promise<void> => {
  if (job === null) return jobs.published(tenant, id, null);
  if (!job.done) return;
  const [events, points] = [await readEvents(jobs, tenant, id), await readPoints(jobs, tenant, id)];
  const log: JobLog = {
    events: newestWithin(events, limits.jobEventsBytes),
    points: thinnedTo(points, limits.jobPointsBytes),
  };
  await artifacts.write(artifactKeys.jobLog(tenant, id), encodeManifest(log));
  await artifacts.write(artifactKeys.jobManifest(tenant, id), encodeManifest(job, 2));
  await jobs.published(tenant, id, events.at(-1)?.id ?? null);
};

/** As it was written. Throws if it is not understood; `not_found` if there is none, as for jobs of earlier versions. */
export const readJobLog = async (artifacts: ArtifactStore, tenant: TenantId, id: JobId): Promise<JobLog> => {
  const limitBytes = 2 * (limits.jobEventsBytes + limits.jobPointsBytes);
  const bytes = await artifacts.readBytes(artifactKeys.jobLog(tenant, id), { limitBytes });
  const log = decodeManifest(bytes, `the log of ${id}`) as JobLog;
  // Checked, but not rewritten: it may say more than the schemas keep.
  JobLogFile.parse(log);
  return log;
};
