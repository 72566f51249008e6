import type { Redis } from "ioredis";
import type { TenantId } from "../../domain/ids.ts";
import type { Reservations } from "../reservations.ts";
import { defineScripts } from "./define-scripts.ts";
import { redisKeys } from "./redis-keys.ts";
import { lookAtReservations, releaseReservation, renewReservation, reserveBytes } from "./scripts/reservations.ts";

const LASTS_MS = 60_000;

/** Reservations in Redis, so that a quota holds over all API processes. */
export const createRedisReservations = (redis: Redis, lastsMs = LASTS_MS): Reservations => {
  const scripts = defineScripts(redis, "reservations", {
    ...{ lookAtReservations, reserveBytes, renewReservation, releaseReservation },
  });
  const keysOf = (tenant: TenantId): string[] => {
    const uploads = redisKeys.reservations(tenant);
    return [uploads, `${uploads}:until`];
  };
  return {
    lastsMs,
    look: async (tenant) => {
      const found = (await scripts.lookAtReservations(keysOf(tenant), lastsMs)) as [number, ...string[]];
      const [sequence, ...underWay] = found;
      return { sequence, underWay };
    },
    reserve: async (tenant, upload, { atLeast, atMost, free, sequence }) => {
      const held = await scripts.reserveBytes(keysOf(tenant), lastsMs, upload, atLeast, atMost, free, sequence);
      return held === "full" || held === "later" ? held : Number(held);
    },
    renew: async (tenant, upload) => {
      await scripts.renewReservation(keysOf(tenant), lastsMs, upload);
    },
    release: async (tenant, upload) => {
      await scripts.releaseReservation(keysOf(tenant), lastsMs, upload);
    },
  };
};
