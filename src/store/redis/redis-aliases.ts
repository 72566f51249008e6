import type { Redis } from "ioredis";
import { assert, invalidAt, ServiceError } from "../../domain/errors.ts";
import type { TenantId } from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import type { Alias, AliasChange, AliasManifest } from "../../domain/models/alias.ts";
import type { Aliases, AliasRequest } from "../aliases.ts";
import type { ConfirmedWrites } from "./connection/confirmed-writes.ts";
import { defineScripts } from "./define-scripts.ts";
import { onRedis } from "./redis-error.ts";
import { redisKeys } from "./redis-keys.ts";
import { changeAlias, forgetAlias, readAlias, restoreAlias } from "./scripts/aliases.ts";

type Recorded = Omit<AliasManifest, "history">;

/** Lua writes an object's keys in any order. */
const toRecord = (text: string): Recorded => {
  const { name, model, revision, createdAt, updatedAt }: Recorded = JSON.parse(text);
  return { name, model, revision, createdAt, updatedAt };
};

const toChange = (text: string): AliasChange => {
  const { revision, model, at, by }: AliasChange = JSON.parse(text);
  return { revision, model, at, by };
};

const isLive = (record: Recorded): record is Alias => record.model !== null;

const absent = (name: string): ServiceError => new ServiceError("not_found", `There is no alias ${name}`);

/** Why a change was refused. */
const refusal = (outcome: string, text: string | undefined, { name, model }: AliasRequest): ServiceError => {
  switch (outcome) {
    case "absent":
      return absent(name);
    case "no_model": {
      const detail = `there is no model ${model}`;
      return invalidAt("/model", detail);
    }
    case "full":
      return new ServiceError("quota_exceeded", `There are ${limits.aliases} aliases already; delete one first`);
    case "mismatch": {
      const now: Alias | null = text ? JSON.parse(text) : null;
      const is = now === null ? "does not exist" : `names ${now.model} by now, in revision ${now.revision}`;
      return new ServiceError("precondition_failed", `The alias ${name} ${is}; look at it again and decide anew`);
    }
  }
  assert(false, `changeAlias answers one of its outcomes, not ${outcome}`);
};

/** Aliases on Redis: a hash that resolves them, one of their records, and a list of each one's changes. */
export const createRedisAliases = (redis: Redis, confirmed: ConfirmedWrites | null): Aliases => {
  const sources = { changeAlias, readAlias, restoreAlias, forgetAlias };
  const scripts = defineScripts(redis, "aliases", sources, { by: confirmed, names: ["changeAlias"] });
  const records = (tenant: TenantId): string => `${redisKeys.aliases(tenant)}:records`;
  const keysOf = (tenant: TenantId, name: string): string[] => [
    redisKeys.aliases(tenant),
    records(tenant),
    redisKeys.aliasHistory(tenant, name),
    `${redisKeys.aliases(tenant)}:revision`,
  ];
  const aliasRecords = async (tenant: TenantId): Promise<Recorded[]> => {
    const all = await onRedis(() => redis.hvals(records(tenant)));
    return all.map(toRecord).sort((a, b) => (a.name < b.name ? -1 : 1));
  };
  return {
    changeAlias: async (tenant, request) => {
      const { name, model, at, by, condition } = request;
      const keys = [...keysOf(tenant, name), `${redisKeys.modelPrefix(tenant)}:${model ?? ""}`];
      const [outcome, text] = (await scripts.changeAlias(
        keys,
        ...[name, model ?? "", at, by ?? "", condition ?? "", limits.aliases, limits.aliasHistory],
      )) as [string, string?];
      if (outcome !== "set" && outcome !== "same") throw refusal(outcome, text, request);
      return { alias: toRecord(text ?? "") as Alias, changed: outcome === "set" };
    },
    aliases: async (tenant) => (await aliasRecords(tenant)).filter(isLive),
    alias: async (tenant, name) => {
      const text = await onRedis(() => redis.hget(records(tenant), name));
      const record = text === null ? null : toRecord(text);
      if (record === null || !isLive(record)) throw absent(name);
      return record;
    },
    aliasManifest: async (tenant, name) => {
      const keys = [records(tenant), redisKeys.aliasHistory(tenant, name)];
      const read = (await scripts.readAlias(keys, name)) as [string, ...string[]] | null;
      if (read === null) return null;
      const [record, ...history] = read;
      return { ...toRecord(record), history: history.map(toChange) };
    },
    aliasRecords,
    restoreAlias: async (tenant, { history, ...record }) => {
      const { name, revision, model } = record;
      const changes = history.map((change) => JSON.stringify(change));
      const args = [name, JSON.stringify(record), revision, model ?? "", ...changes];
      return (await scripts.restoreAlias(keysOf(tenant, name), ...args)) === 1;
    },
    forgetAlias: async (tenant, name, revision) => {
      await scripts.forgetAlias([records(tenant), redisKeys.aliasHistory(tenant, name)], name, revision);
    },
  };
};
