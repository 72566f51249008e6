import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { assert, invalidAt, ServiceError } from "../../../domain/errors.ts";
import type { StudyId, TenantId } from "../../../domain/ids.ts";
import type { JobEvent } from "../../../domain/jobs/job.ts";
import { isDone, JobState } from "../../../domain/jobs/job-state.ts";
import type { Log } from "../../../domain/log.ts";
import type { Study, Trial } from "../../../domain/studies/study.ts";
import { artifactKeys } from "../../artifacts/artifact-store.ts";
import type { NewStudy, StudyName, StudyStore } from "../../study-store.ts";
import type { StoreConnections } from "../connection/store-connections.ts";
import { defineScripts, type Script } from "../define-scripts.ts";
import { readEventStream } from "../jobs/redis-job-event-log.ts";
import { createManifestList } from "../manifest-list.ts";
import { onMessage } from "../on-message.ts";
import { onRedis } from "../redis-error.ts";
import { idempotencySeconds, redisKeys } from "../redis-keys.ts";
import { commitStudy, createStudy, listStudies, removeStudy, restoreStudy } from "../scripts/studies.ts";

const keysOf = (tenant: TenantId, id: StudyId): string[] => {
  const study = `${redisKeys.studyPrefix(tenant)}:${id}`;
  return [
    study,
    `${study}:trials`,
    `${study}:events`,
    redisKeys.studyIndex(tenant),
    redisKeys.openStudies,
    redisKeys.changes(tenant),
    redisKeys.holdersPrefix(tenant),
  ];
};

const absent = (id: StudyId): ServiceError => new ServiceError("not_found", `There is no study ${id}`);

const fromMember = (member: string): StudyName => {
  const [tenant = "", id = ""] = member.split("/");
  return { tenant, id };
};

const toLines = (events: readonly Omit<JobEvent, "id">[]): string =>
  JSON.stringify(events.map((event) => JSON.stringify(event)));

const create = async (createScript: Script, wanted: NewStudy): Promise<{ study: Study; created: boolean }> => {
  const { tenant, study, idempotency, mostOpen } = wanted;
  const { dataset: datasetId, base: baseSpec } = study.spec.job;
  const dataset = `${redisKeys.datasetPrefix(tenant)}:${datasetId}`;
  const base = baseSpec?.model ?? "";
  const digest = createHash("sha256")
    .update(`study ${idempotency?.key ?? ""}`)
    .digest("hex");
  const event = {
    at: study.createdAt,
    level: "info",
    type: "state",
    message: "submitted",
    data: { state: study.state },
  } as const;
  const told = (wanted.warnings ?? []).map((message) => ({
    ...{ at: study.createdAt, level: "warn", type: "warning", message, data: {} },
  })) as Omit<JobEvent, "id">[];
  const keys = [
    ...keysOf(tenant, study.id),
    redisKeys.idempotency(tenant, digest),
    dataset,
    base === "" ? dataset : `${redisKeys.modelPrefix(tenant)}:${base}`,
    redisKeys.studyPrefix(tenant),
    redisKeys.tenants,
  ];
  const [outcome, text] = (await createScript(
    keys,
    ...[
      tenant,
      study.id,
      JSON.stringify(study),
      toLines([event, ...told]),
      idempotency?.bodyDigest ?? "",
      idempotencySeconds,
    ],
    ...[mostOpen, datasetId, base, study.state, study.spec.webhook === undefined ? "0" : "1"],
  )) as [string, string];
  switch (outcome) {
    case "created":
    case "existing":
      return { study: JSON.parse(text), created: outcome === "created" };
    case "mismatch":
      throw new ServiceError("idempotency_mismatch", "This Idempotency-Key was used with another body; use a new key");
    case "quota":
      throw new ServiceError("quota_exceeded", `The tenant's limit of ${mostOpen} studies at a time is reached`, {
        retryAfterSeconds: 60,
      });
    case "no_dataset":
      throw invalidAt("/job/dataset", `there is no data set ${datasetId}`);
    case "no_base":
      throw invalidAt("/job/base/model", `there is no model ${base}`);
  }
  assert(false, `createStudy answers one of its outcomes, not ${outcome}`);
};

const readTrials = async (
  redis: Redis,
  tenant: TenantId,
  id: StudyId,
  range?: { from: number; to: number },
): Promise<Trial[]> => {
  const key = `${redisKeys.studyPrefix(tenant)}:${id}:trials`;
  if (range === undefined) {
    const all = await onRedis(() => redis.hvals(key));
    return all.map((text): Trial => JSON.parse(text)).sort((a, b) => a.number - b.number);
  }
  const numbers = Array.from({ length: Math.max(0, range.to - range.from) }, (_, i) => String(range.from + i));
  if (numbers.length === 0) return [];
  const some = await onRedis(() => redis.hmget(key, ...numbers));
  return some.flatMap((text): Trial[] => (text === null ? [] : [JSON.parse(text)]));
};

/** StudyStore on Redis: a study is one hash beside its trials and events, and each step of it one Lua script. */
export const createRedisStudyStore = (
  { redis, subscriber, confirmed = null }: StoreConnections,
  log?: Log,
): StudyStore => {
  const sources = { createStudy, commitStudy, listStudies, removeStudy, restoreStudy };
  const names = ["createStudy", "commitStudy", "removeStudy"] as const;
  const scripts = defineScripts(redis, "study", sources, { by: confirmed, names });
  const list = createManifestList(scripts.listStudies, log);
  const unpublished = (tenant: TenantId): string => `${redisKeys.studyIndex(tenant)}:unpublished`;
  return {
    create: (wanted) => create(scripts.createStudy, wanted),
    get: async (tenant, id) => {
      const [study, version] = await onRedis(() =>
        redis.hmget(`${redisKeys.studyPrefix(tenant)}:${id}`, "study", "version"),
      );
      if (study == null) throw absent(id);
      return { study: JSON.parse(study), version: Number(version) };
    },
    list: (tenant, page) => list<Study>(redisKeys.studyIndex(tenant), redisKeys.studyPrefix(tenant), page),
    trials: (tenant, id, range) => readTrials(redis, tenant, id, range),
    commit: async (tenant, version, { study, trials, events }) => {
      const written = trials.flatMap((trial) => [trial.number, JSON.stringify(trial)]);
      const done = study.done ? 1 : 0;
      const args = [tenant, study.id, version, JSON.stringify(study), study.state, done, toLines(events), ...written];
      return (await scripts.commitStudy(keysOf(tenant, study.id), ...args)) === 1;
    },
    events: (tenant, id, page) => readEventStream(redis, `${redisKeys.studyPrefix(tenant)}:${id}:events`, page),
    open: async () => (await onRedis(() => redis.smembers(redisKeys.openStudies))).map(fromMember),
    onNews: (listener) => onMessage(subscriber, redisKeys.studyNews, (member) => listener(fromMember(member))),
    remove: async (tenant, id) => {
      const final = JSON.stringify(JobState.options.filter(isDone));
      const keys = [...keysOf(tenant, id), redisKeys.removals(tenant)];
      const outcome = await scripts.removeStudy(keys, id, final, artifactKeys.study(tenant, id));
      if (outcome === "absent") throw absent(id);
      if (outcome !== "removed")
        throw new ServiceError(
          "forbidden_transition",
          `A study that is ${String(outcome)} cannot be deleted; cancel it first`,
        );
    },
    unpublished: (tenant) => onRedis(() => redis.smembers(unpublished(tenant))),
    published: async (tenant, id) => {
      await onRedis(() => redis.srem(unpublished(tenant), id));
    },
    restore: async (tenant, study, trials, events) => {
      const lines = events.flatMap(({ id, ...event }) => [id, JSON.stringify(event)]);
      const written = trials.flatMap((trial) => [trial.number, JSON.stringify(trial)]);
      const args = [tenant, study.id, JSON.stringify(study), study.state, events.length, ...lines, ...written];
      return (await scripts.restoreStudy([...keysOf(tenant, study.id), redisKeys.tenants], ...args)) === 1;
    },
  };
};
