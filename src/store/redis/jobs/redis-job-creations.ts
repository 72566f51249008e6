import { createHash } from "node:crypto";
import { assert, ServiceError } from "../../../domain/errors.ts";
import { JobState } from "../../../domain/jobs/job-state.ts";
import { DEFAULT_POOL, poolOf } from "../../../domain/jobs/pool.ts";
import type { JobStore, NewJob, NewJobs, Recorded } from "../../job-store.ts";
import { idempotencySeconds, jobKeys, redisKeys } from "../redis-keys.ts";
import { parseRecord, type RawJob, toFields, toNewJob } from "./job-record.ts";
import type { JobScripts } from "./job-scripts.ts";

const SUBMITTED = "submitted";

const keyDigestOf = (idempotency: NewJob["idempotency"]): string =>
  createHash("sha256")
    .update(idempotency?.key ?? "")
    .digest("hex");

const mismatch = (): ServiceError =>
  new ServiceError("idempotency_mismatch", "This Idempotency-Key was used with another body; use a new key");

const gone = (pointer: string, detail: string): ServiceError =>
  new ServiceError("invalid", detail, { errors: [{ pointer, detail }] });

/** Why a script refuses to record a job. */
const refusalOf = (outcome: string, { spec, study, quota }: Pick<NewJob, "spec" | "study" | "quota">): ServiceError => {
  switch (outcome) {
    case "quota":
      return new ServiceError("quota_exceeded", `The tenant's limit of ${quota?.queuedJobs} queued jobs is reached`, {
        retryAfterSeconds: 10,
        ...(quota === null ? {} : { quota: { name: "queued-jobs", quota: quota.queuedJobs, remaining: 0 } }),
      });
    case "no_study":
      return new ServiceError("forbidden_transition", `The study ${study?.id} does not run`);
    case "no_dataset":
      return gone("/dataset", `there is no data set ${spec.dataset}`);
    case "no_base":
      return gone("/base/model", `there is no model ${spec.base?.model}`);
  }
  assert(false, `a job is recorded with one of its outcomes, not ${outcome}`);
};

/** What a new job's history and events begin with, as `noteState` writes it. */
const beginningOf = (at: string): [entry: string, event: string] => {
  const data = { state: "queued", attempt: 0 };
  return [
    JSON.stringify({ ...data, at, reason: SUBMITTED }),
    JSON.stringify({ at, level: "info", type: "state", message: SUBMITTED, data }),
  ];
};

/** What the scripts must know of a new job, and its record, as arguments. */
const argumentsOf = (wanted: NewJob, options: { tracked: boolean }): string[] => {
  const fields = toFields(wanted, options);
  const about = [fields.tenant, fields.dataset, fields.base, fields.priority, fields.plannedMs, fields.pool ?? ""];
  return [...about, ...Object.entries(fields).flat()];
};

const counted = (waiting: number | undefined) => (waiting === undefined ? {} : { waiting });

export const create = async (
  scripts: JobScripts["scripts"],
  wanted: NewJob,
  options: { tracked: boolean },
): ReturnType<JobStore["create"]> => {
  const { tenant, id, spec, idempotency, quota } = wanted;
  const dataset = `${redisKeys.datasetPrefix(tenant)}:${spec.dataset}`;
  const answer = (await scripts.createJob(
    [
      ...jobKeys(tenant, id),
      redisKeys.tenants,
      redisKeys.idempotency(tenant, keyDigestOf(idempotency)),
      dataset,
      spec.base ? `${redisKeys.modelPrefix(tenant)}:${spec.base.model}` : dataset,
      redisKeys.jobPrefix(tenant),
      wanted.study ? `${redisKeys.studyPrefix(tenant)}:${wanted.study.id}` : dataset,
    ],
    id,
    ...beginningOf(wanted.createdAt),
    idempotency?.bodyDigest ?? "",
    idempotencySeconds,
    quota?.queuedJobs ?? "",
    wanted.study?.id ?? "",
    ...argumentsOf(wanted, options),
  )) as ["existing", ...RawJob] | ["created", number, number?] | [string];
  if (answer[0] === "created") {
    const [, place, waiting] = answer as ["created", number, number?];
    return { job: toNewJob(wanted, SUBMITTED), created: true, place, ...counted(waiting) };
  }
  if (answer[0] === "mismatch") throw mismatch();
  if (answer[0] !== "existing") throw refusalOf(answer[0], wanted);
  const { job, place } = parseRecord([answer[1], answer[2]] as unknown as RawJob);
  return { job, place, created: false };
};

type OneOutcome = ["created", string, number, number?] | ["existing", string, string, string, string | null] | [string];

export const createAll = async (
  scripts: JobScripts["scripts"],
  { tenant, jobs, createdAt, origin, idempotency, quota }: NewJobs,
  options: { tracked: boolean },
): Promise<Recorded[]> => {
  const ofOne = { tenant, createdAt, idempotency, quota, ...(origin === undefined ? {} : { origin }) };
  const [outcome, ...outcomes] = (await scripts.createJobs(
    [
      ...jobKeys(tenant, jobs.find((job) => job !== null)?.id ?? ""),
      redisKeys.tenants,
      redisKeys.idempotency(tenant, keyDigestOf(idempotency)),
      redisKeys.jobPrefix(tenant),
      redisKeys.datasetPrefix(tenant),
      redisKeys.modelPrefix(tenant),
    ],
    ...beginningOf(createdAt),
    idempotency?.bodyDigest ?? "",
    idempotencySeconds,
    quota?.queuedJobs ?? "",
    ...jobs.flatMap((job) => {
      if (job === null) return ["", 0];
      const told = argumentsOf({ ...ofOne, ...job }, options);
      return [job.id, told.length, ...told];
    }),
  )) as [string, ...OneOutcome[]];
  if (outcome === "mismatch") throw mismatch();
  return jobs.map((job, i) => {
    const [became, id, ...rest] = outcomes[i]!;
    if (became === "created")
      return {
        id: id!,
        created: true,
        state: "queued",
        place: Number(rest[0]),
        pool: poolOf(job!.spec.resources),
        ...counted(rest[1] as number | undefined),
      };
    if (became === "existing")
      return {
        ...{ id: id!, created: false, state: JobState.parse(rest[0]), place: Number(rest[1]) },
        pool: rest[2] == null ? DEFAULT_POOL : String(rest[2]),
      };
    return job === null ? null : refusalOf(became, { spec: job.spec, quota });
  });
};
