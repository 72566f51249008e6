import type { Redis } from "ioredis";
import type { Rate } from "../../domain/fairness/rate.ts";
import { defineScripts } from "./define-scripts.ts";
import { KEY_PREFIX } from "./redis-keys.ts";

export interface Taken {
  /** 0 when it may go on, and it is counted; otherwise the seconds after which it may. */
  waitSeconds: number;
  /** That may follow at once. */
  remaining: number;
  /** Until as many as the burst may again. */
  resetSeconds: number;
}

export interface RateLimiter {
  /** Counts one more if it may go on. `unavailable` when Redis is. */
  take(subject: string, rate: Rate): Promise<Taken>;
}

/**
 * The generic cell rate algorithm: one number per subject, the time at which its bucket would be empty again.
 *
 * KEYS  1 the subject's time, in microseconds of Redis's clock
 * ARGV  1 microseconds between two at the sustained rate   2 burst
 * Result  {microseconds to wait (0: taken), how many may follow at once, microseconds until the bucket is empty}
 */
const take = `
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local wait = due - (burst - 1) * interval - now
if wait > 0 then return { math.ceil(wait), 0, math.ceil(due - now) } end
due = due + interval
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1)
return { 0, math.max(0, math.floor(burst - (due - now) / interval)), math.ceil(due - now) }
`;

/** Counts in Redis, so that the limit holds over all API processes. */
export const createRateLimiter = (redis: Redis): RateLimiter => {
  const scripts = defineScripts(redis, "rate", { take });
  return {
    take: async (subject, { perSecond, burst }) => {
      const taken = await scripts.take([`${KEY_PREFIX}:rate:${subject}`], Math.round(1e6 / perSecond), burst);
      const [waitUs, remaining, resetUs] = taken as [number, number, number];
      return { waitSeconds: waitUs / 1e6, remaining, resetSeconds: resetUs / 1e6 };
    },
  };
};
