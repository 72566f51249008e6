import type { Redis } from "ioredis";
import { ServiceError } from "../../../domain/errors.ts";
import type { JobId, TenantId } from "../../../domain/ids.ts";
import { boundText } from "../../../domain/jobs/bounded-event.ts";
import { type JobState, type Transition, transitions } from "../../../domain/jobs/job-state.ts";
import { CRASH_COUNTS } from "../../../domain/jobs/poison.ts";
import type { ConfirmedWrites } from "../connection/confirmed-writes.ts";
import { defineScripts } from "../define-scripts.ts";
import { createKnownTexts } from "../known-texts.ts";
import { jobKeys } from "../redis-keys.ts";
import { changeJob } from "../scripts/change-job.ts";
import { createJob, createJobs } from "../scripts/create-job.ts";
import { listJobs, listUnfinished, notWaiting, readJob, removeJob } from "../scripts/read-jobs.ts";
import { notePublished, packCurve, restoreJob, restoreLog } from "../scripts/restore-job.ts";
import { appendEvent, appendMetrics, claimJob, commitCheckpoint, progressJob, succeedJob } from "../scripts/run-job.ts";
import { announceTrainer, largestTrainer } from "../scripts/trainers.ts";
import { type JobRecord, parseRecord, type RawJob } from "./job-record.ts";

const sources = {
  createJob,
  createJobs,
  changeJob,
  acknowledgeChange: changeJob,
  claimJob,
  progressJob,
  commitCheckpoint,
  succeedJob,
  appendEvent,
  appendMetrics,
  readJob,
  listJobs,
  listUnfinished,
  notWaiting,
  removeJob,
  restoreLog,
  restoreJob,
  notePublished,
  packCurve,
  announceTrainer,
  largestTrainer,
};

type ChangeResult =
  | [outcome: "moved" | "same", fields: string[], history: string[]]
  | [outcome: "refused", state: JobState]
  | [outcome: "stale" | "absent"];

export interface Change {
  tenant: TenantId;
  id: JobId;
  by: readonly Transition[];
  /** States in which there is nothing left to do. */
  same?: readonly JobState[];
  attempt?: number;
  at: string;
  reason: string;
  fields?: Record<string, string>;
  /** What is counted against the job: its trainer was lost, or the trainer lost its engine. */
  crash?: keyof typeof CRASH_COUNTS;
}

/** from → to of some transitions of the state machine. */
const movesOf = (names: readonly Transition[]): Record<string, JobState> =>
  Object.fromEntries(names.flatMap((name) => transitions[name].from.map((from) => [from, transitions[name].to])));

export const absent = (id: JobId): ServiceError => new ServiceError("not_found", `There is no job ${id}`);

/** The scripts on jobs, and the ways to call the one that moves a job along the state machine. */
export const createJobScripts = (redis: Redis, crashesOfSuspect: number, confirmed: ConfirmedWrites | null = null) => {
  const names = ["createJob", "createJobs", "acknowledgeChange", "succeedJob", "removeJob"] as const;
  const scripts = defineScripts(redis, "job", sources, { by: confirmed, names });

  const change = async (request: Change, by: "changeJob" | "acknowledgeChange"): Promise<ChangeResult> =>
    (await scripts[by](
      jobKeys(request.tenant, request.id),
      JSON.stringify(movesOf(request.by)),
      JSON.stringify(request.same ?? []),
      request.attempt === undefined ? "" : String(request.attempt),
      request.at,
      boundText(request.reason),
      JSON.stringify(request.fields ?? {}),
      request.crash ?? "",
      request.crash === undefined ? "0" : String(CRASH_COUNTS[request.crash]),
      String(crashesOfSuspect),
    )) as ChangeResult;

  /** What a user asked for, with the reason why not in the user's words. */
  const request = async (verb: string, asked: Change): Promise<JobRecord & { moved: boolean }> => {
    const [outcome, first, second] = await change(asked, "acknowledgeChange");
    if (outcome === "moved" || outcome === "same")
      return { ...parseRecord([first, second] as RawJob), moved: outcome === "moved" };
    if (outcome === "refused") {
      throw new ServiceError("forbidden_transition", `A job that is ${first} cannot be ${verb}`);
    }
    throw absent(asked.id);
  };

  const moved = async (asked: Change): Promise<JobState | null> => {
    // What a trainer leaves behind is acknowledged; how it lets go of a job is found out again, should it be lost.
    const [outcome, first, second] = await change(
      asked,
      asked.by.includes("succeed") ? "acknowledgeChange" : "changeJob",
    );
    return outcome === "moved" ? parseRecord([first, second] as RawJob).job.state : null;
  };

  const known = createKnownTexts<JobRecord>();
  const read = async (tenant: TenantId, id: JobId): Promise<JobRecord> => {
    const keys = jobKeys(tenant, id).slice(0, 2);
    const raw = (await scripts.readJob(keys)) as RawJob | null;
    if (raw === null) throw absent(id);
    return known(keys[0]!, raw.flat().join("\0"), () => parseRecord(raw));
  };

  return { scripts, request, moved, read };
};

export type JobScripts = ReturnType<typeof createJobScripts>;
