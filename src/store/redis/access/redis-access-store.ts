import type { TenantRecord } from "../../../domain/access/tenant.ts";
import type { AuditEntry, UsageDay } from "../../../domain/access/usage.ts";
import type { AccessStore } from "../../access-store.ts";
import type { StoreConnections } from "../connection/store-connections.ts";
import { defineScripts } from "../define-scripts.ts";
import { onRedis } from "../redis-error.ts";
import { redisKeys, usageDays } from "../redis-keys.ts";

/**
 * KEYS  1 records (hash by tenant)   2 tenants by the hash of each secret (hash)
 * ARGV  1 tenant   2 the revision that must be stored, 0 for none   3 the record, JSON
 * Result  1, or 0 if another revision is stored
 */
const put = `
local stored = redis.call('HGET', KEYS[1], ARGV[1])
local revision = stored and cjson.decode(stored).revision or 0
if revision ~= tonumber(ARGV[2]) then return 0 end
local function each(record, act)
  for _, key in ipairs(record.keys) do
    for _, secret in ipairs(key.secrets) do act(secret.sha256) end
  end
end
if stored then each(cjson.decode(stored), function(hash) redis.call('HDEL', KEYS[2], hash) end) end
each(cjson.decode(ARGV[3]), function(hash) redis.call('HSET', KEYS[2], hash, ARGV[1]) end)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
`;

/** KEYS  as above   ARGV  1 a secret's hash   Result  the record of its tenant, or nil */
const find = `
local tenant = redis.call('HGET', KEYS[2], ARGV[1])
return tenant and redis.call('HGET', KEYS[1], tenant)
`;

const keys = [redisKeys.access, redisKeys.accessSecrets];
const AUDIT_LENGTH = 100_000;

const parsed = (text: unknown): TenantRecord | null => (typeof text === "string" ? JSON.parse(text) : null);

const DAY_MS = 86_400_000;

const toDay = (day: number, fields: Record<string, string>): UsageDay => ({
  day: new Date(day * DAY_MS).toISOString().slice(0, 10),
  computeSeconds: Number(fields.computeMs ?? 0) / 1000,
  jobs: Number(fields.jobs ?? 0),
  predictions: Number(fields.predictions ?? 0),
  predictedRows: Number(fields.predictedRows ?? 0),
});

export const createRedisAccessStore = ({
  redis,
  confirmed = null,
}: Omit<StoreConnections, "subscriber">): AccessStore => {
  const scripts = defineScripts(redis, "access", { put, find }, { by: confirmed, names: ["put"] });
  const write = async (record: TenantRecord, before: number): Promise<boolean> =>
    (await scripts.put(keys, record.id, before, JSON.stringify(record))) === 1;
  return {
    tenant: (id) => onRedis(async () => parsed(await redis.hget(redisKeys.access, id))),
    tenantOfSecret: async (sha256) => parsed(await scripts.find(keys, sha256)),
    tenants: () =>
      onRedis(async () =>
        Object.values(await redis.hgetall(redisKeys.access))
          .flatMap((text) => parsed(text) ?? [])
          .sort((a, b) => (a.id < b.id ? -1 : 1)),
      ),
    put: (record) => write(record, record.revision - 1),
    restore: (record) => write(record, 0),
    usage: (tenant, from, to) =>
      onRedis(async () => {
        const days = Array.from({ length: to - from + 1 }, (_, i) => from + i);
        const found = await Promise.all(days.map((day) => redis.hgetall(redisKeys.usage(tenant, day))));
        return found.flatMap((fields, i) => (Object.keys(fields).length === 0 ? [] : [toDay(days[i]!, fields)]));
      }),
    countPrediction: (tenant) =>
      onRedis(async () => {
        const key = redisKeys.usage(tenant, Math.floor(Date.now() / DAY_MS));
        await redis
          .multi()
          .hincrby(key, "predictions", 1)
          .expire(key, usageDays * 86_400)
          .exec();
      }),
    audit: (entry) =>
      onRedis(async () => {
        await redis.xadd(redisKeys.audit, "MAXLEN", "~", AUDIT_LENGTH, "*", "entry", JSON.stringify(entry));
      }),
    auditLog: (before, limit) =>
      onRedis(async () => {
        const end = before === null ? "+" : `(${before}`;
        const entries = await redis.xrevrange(redisKeys.audit, end, "-", "COUNT", limit);
        return entries.map(([id, fields]): AuditEntry => ({ id, ...JSON.parse(fields[1] ?? "{}") }));
      }),
  };
};
