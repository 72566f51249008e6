import type { JobId, TenantId } from "../../domain/ids.ts";
import { DEFAULT_POOL } from "../../domain/jobs/pool.ts";

/** The braces keep every key in one slot of a Redis Cluster, so that a script may touch several. */
export const KEY_PREFIX = "{descent}";

const ofTenant = (tenant: TenantId): string => `${KEY_PREFIX}:t:${tenant}`;

/** What is kept for each pool: under the key itself for the default one, as before there were others. */
export const ofPool = (key: string, pool: string): string => (pool === DEFAULT_POOL ? key : `${key}@${pool}`);

/** Every key of the stores. All but those of the queue as a whole carry the tenant. */
export const redisKeys = {
  /** Set of the tenants that ever had a job. */
  tenants: `${KEY_PREFIX}:tenants`,
  /** Hash: tenant → its record with its keys, as JSON; and the SHA-256 of each secret → tenant. */
  access: `${KEY_PREFIX}:access`,
  accessSecrets: `${KEY_PREFIX}:access:secrets`,
  /** Stream: who did what. */
  audit: `${KEY_PREFIX}:audit`,
  /** Hash: what a tenant used on a day, counted from 1970: computeMs jobs predictions predictedRows. */
  usage: (tenant: TenantId, day: number) => `${ofTenant(tenant)}:jobs:usage:${day}`,
  /** What event tokens are signed with. */
  tokenSecret: `${KEY_PREFIX}:token-secret`,
  /** Set of the pools but the default one that trainers ever had. */
  pools: `${KEY_PREFIX}:pools`,
  /** Of a pool. Hash: the place in the queue being served, the last place of each tenant and priority, and the priorities of each tenant. */
  places: `${KEY_PREFIX}:places`,
  /** Channel on which trainers give heartbeats. */
  trainerHeartbeats: `${KEY_PREFIX}:trainer-signs`,
  /** Of a pool. Sorted set: trainers that said lately that they are there, by the bytes that their jobs may plan together; `:until` when they said so last. */
  trainers: `${KEY_PREFIX}:trainers`,
  /** String, empty: written before replicas are asked to confirm what was written before it. */
  confirmed: `${KEY_PREFIX}:confirmed`,
  /** Of a pool. Set of the ids of all queued jobs; `:work` a hash: `ms`, what they are planned to take one trainer. */
  waiting: `${KEY_PREFIX}:waiting`,
  /** Sorted set of `<tenant>/<job or study>` whose end is to be told, by when to look at them; also a channel: something is due now. */
  dueWebhooks: `${KEY_PREFIX}:webhooks:due`,
  /** Sorted set of `<tenant>/<job>` that a tracking server is to be told of, by when to look at them; also a channel: something is due now. */
  dueRuns: `${KEY_PREFIX}:runs:due`,
  /** Channel on which `<tenant>/<study>` is published when a trial has ended or paused, and when a study was changed. */
  studyNews: `${KEY_PREFIX}:studies:news`,
  /** Set of `<tenant>/<study>` that are not done. */
  openStudies: `${KEY_PREFIX}:studies:open`,
  /** `…:study:<id>`: the record's hash; with `:history` a list, `:events` a stream, `:trials` a hash by number. */
  studyPrefix: (tenant: TenantId) => `${ofTenant(tenant)}:study`,
  /** All studies' ids in their order; `:unpublished` the set of finished ones without a manifest yet. */
  studyIndex: (tenant: TenantId) => `${ofTenant(tenant)}:studies`,
  /** `…:job:<id>`: the record's hash; with `:history` a list, `:events` a stream, `:metrics` a set sorted by step. */
  jobPrefix: (tenant: TenantId) => `${ofTenant(tenant)}:job`,
  /** All jobs' ids in their order; with `:<state>`, those in the state; `:unpublished` the set of finished ones without a manifest yet. */
  jobIndex: (tenant: TenantId) => `${ofTenant(tenant)}:jobs`,
  /** `…:holders:<id>`: set of the jobs, models and aliases that need a data set or a model. */
  holdersPrefix: (tenant: TenantId) => `${ofTenant(tenant)}:holders`,
  /** Channel on which the ids of changed jobs are published. */
  changes: (tenant: TenantId) => `${ofTenant(tenant)}:changes`,
  idempotency: (tenant: TenantId, keyDigest: string) => `${ofTenant(tenant)}:idempotency:${keyDigest}`,
  /** `…:dataset:<id>` and `…:model:<id>`: the manifest as JSON; in the index their ids in order. */
  datasetPrefix: (tenant: TenantId) => `${ofTenant(tenant)}:dataset`,
  datasetIndex: (tenant: TenantId) => `${ofTenant(tenant)}:datasets`,
  modelPrefix: (tenant: TenantId) => `${ofTenant(tenant)}:model`,
  modelIndex: (tenant: TenantId) => `${ofTenant(tenant)}:models`,
  /** Of one name: the ids of its models in order; and a hash: version → id, id → version, `last` → the version given last. */
  named: (tenant: TenantId, name: string) => `${ofTenant(tenant)}:named:${name}`,
  versions: (tenant: TenantId, name: string) => `${ofTenant(tenant)}:versions:${name}`,
  /** Sorted set: where the files of what was deleted in the last day lay, by when (ms); `:pending` the set of those that may still lie there. */
  removals: (tenant: TenantId) => `${ofTenant(tenant)}:removals`,
  /** Hash: the bytes that uploads under way hold of the tenant's quota; `:until` a set of them, sorted by when they are forgotten. */
  reservations: (tenant: TenantId) => `${ofTenant(tenant)}:reservations`,
  /** Hash: alias → model id; with `:records` a hash of their records, deleted ones too; `:revision` the last one's number. */
  aliases: (tenant: TenantId) => `${ofTenant(tenant)}:aliases`,
  /** List: what an alias named, oldest first. */
  aliasHistory: (tenant: TenantId, name: string) => `${ofTenant(tenant)}:alias-history:${name}`,
} as const;

/** For so long usage is kept: a year, and the month in which it is billed. */
export const usageDays = 400;

/** For which an idempotency key is kept. */
export const idempotencySeconds = 7 * 24 * 3600;

/** KEYS[1..10] of every script that works on one job, as `jobPrelude` names them. */
export const jobKeys = (tenant: TenantId, id: JobId): string[] => {
  const job = `${redisKeys.jobPrefix(tenant)}:${id}`;
  return [
    job,
    `${job}:history`,
    `${job}:events`,
    `${job}:metrics`,
    redisKeys.jobIndex(tenant),
    redisKeys.holdersPrefix(tenant),
    redisKeys.changes(tenant),
    redisKeys.places,
    redisKeys.waiting,
    redisKeys.dueWebhooks,
  ];
};
