import { assert, ServiceError } from "../../../domain/errors.ts";
import type { JobEvent, MetricPoint } from "../../../domain/jobs/job.ts";
import { isDone, JobState } from "../../../domain/jobs/job-state.ts";
import { limits } from "../../../domain/limits.ts";
import { artifactKeys } from "../../artifacts/artifact-store.ts";
import type { JobStore } from "../../job-store.ts";
import { jobKeys, redisKeys } from "../redis-keys.ts";
import { parseRecord, type RawJob, toRestoredFields } from "./job-record.ts";
import { absent, type JobScripts } from "./job-scripts.ts";
import { POINTS_IN_BLOCK, packPoints } from "./packed-curve.ts";
import { create, createAll } from "./redis-job-creations.ts";

type Submissions = Pick<
  JobStore,
  | "create"
  | "createAll"
  | "get"
  | "list"
  | "promote"
  | "requestPause"
  | "requestResume"
  | "requestCancel"
  | "remove"
  | "restore"
>;

/** What users do with jobs. */
export const createSubmissions = (
  { scripts, request, read }: JobScripts,
  options: { tracked: boolean },
): Submissions => ({
  create: (job) => create(scripts, job, options),
  createAll: (jobs) => createAll(scripts, jobs, options),
  get: async (tenant, id) => (await read(tenant, id)).job,
  list: async (tenant, { pageSize, pageToken }, state) => {
    const index = state === null ? redisKeys.jobIndex(tenant) : `${redisKeys.jobIndex(tenant)}:${state}`;
    const from = pageToken === null ? "+" : `(${pageToken}`;
    const keys = [index, redisKeys.jobPrefix(tenant)];
    const [more, ...raw] = (await scripts.listJobs(keys, from, pageSize, limits.pageBytes)) as [number, ...RawJob[]];
    const items = raw.map((job) => parseRecord(job).job);
    return { items, nextPageToken: more === 1 ? items.at(-1)!.id : null };
  },

  requestPause: async (tenant, id, at) => {
    const by = ["requestPause", "pauseQueued"] as const;
    return (await request("paused", { tenant, id, at, reason: "pause requested", by, same: ["pausing", "paused"] }))
      .job;
  },
  requestResume: async (tenant, id, at) => {
    const same = ["queued", "running"] as const;
    const by = ["resume", "withdrawPause"] as const;
    const { job, place } = await request("resumed", { tenant, id, at, reason: "resumed", by, same });
    return { job, place };
  },
  promote: async (tenant, id, pauseAtEpoch, at) => {
    const same = JobState.options.filter((state) => state !== "paused");
    const fields = { pauseAtEpoch: String(pauseAtEpoch ?? "") };
    const asked = { tenant, id, at, reason: "goes on", by: ["resume"] as const, same, fields };
    const { job, place, moved } = await request("resumed", asked);
    return { job, place, moved };
  },
  requestCancel: async (tenant, id, at) => {
    const asked = { tenant, id, at, reason: "cancellation requested" };
    const by = ["requestCancel", "cancelWaiting"] as const;
    return (await request("cancelled", { ...asked, by, same: ["cancelling", "cancelled"] })).job;
  },
  restore: async (tenant, job, log) => {
    assert(job.done, "only a finished job has a manifest");
    if (!(await restoreLog(scripts, jobKeys(tenant, job.id), log))) return false;
    const history = job.history.map((entry) => JSON.stringify(entry));
    const fields = JSON.stringify(toRestoredFields(tenant, job));
    const keys = [...jobKeys(tenant, job.id), redisKeys.tenants];
    return (await scripts.restoreJob(keys, job.id, fields, job.state, ...history)) === 1;
  },
  remove: async (tenant, id) => {
    const keys = [...jobKeys(tenant, id).slice(0, 5), redisKeys.changes(tenant), redisKeys.removals(tenant)];
    const final = JSON.stringify(JobState.options.filter(isDone));
    const outcome = await scripts.removeJob(keys, id, final, artifactKeys.job(tenant, id));
    if (outcome === "absent") throw absent(id);
    if (outcome !== "removed") {
      throw new ServiceError(
        "forbidden_transition",
        `A job that is ${String(outcome)} cannot be deleted; cancel it first`,
      );
    }
  },
});

/** One call of a script keeps everyone else waiting: not too many at a time. */
const ENTRIES_AT_ONCE = 4 * POINTS_IN_BLOCK;

const restoreLog = async (
  scripts: JobScripts["scripts"],
  keys: string[],
  { events, points }: { events: JobEvent[]; points: MetricPoint[] },
): Promise<boolean> => {
  for (let from = 0; from === 0 || from < Math.max(events.length, points.length); from += ENTRIES_AT_ONCE) {
    const [someEvents, somePoints] = [events, points].map((all) => all.slice(from, from + ENTRIES_AT_ONCE)) as [
      JobEvent[],
      MetricPoint[],
    ];
    const entries = [
      ...someEvents.flatMap(({ id, ...event }) => [id, JSON.stringify(event)]),
      ...(await packPoints(somePoints)),
    ];
    if ((await scripts.restoreLog(keys, from === 0 ? "first" : "", someEvents.length, ...entries)) !== 1) return false;
  }
  return true;
};
