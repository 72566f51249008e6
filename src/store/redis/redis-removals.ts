import type { Redis } from "ioredis";
import type { Catalogue } from "../catalogue.ts";
import { defineScripts } from "./define-scripts.ts";
import { onRedis } from "./redis-error.ts";
import { redisKeys } from "./redis-keys.ts";
import { listRemovals } from "./scripts/removals.ts";

/** Whoever began to write beneath a deleted resource has ended by then. */
const REMEMBERED_MS = 86_400_000;

/** The scripts that delete a record note where its files lie; this tells of it. */
export const createRemovals = (redis: Redis): Pick<Catalogue, "removals" | "filesRemoved"> => {
  const scripts = defineScripts(redis, "removals", { listRemovals });
  return {
    removals: async (tenant) => {
      const flat = (await scripts.listRemovals([redisKeys.removals(tenant)], REMEMBERED_MS)) as (string | number)[];
      return Array.from({ length: flat.length / 2 }, (_, i) => ({
        files: String(flat[2 * i]),
        pending: flat[2 * i + 1] === 1,
      }));
    },
    filesRemoved: async (tenant, files) => {
      await onRedis(() => redis.srem(`${redisKeys.removals(tenant)}:pending`, files));
    },
  };
};
