import type { Redis } from "ioredis";
import { defineScripts } from "./define-scripts.ts";
import { KEY_PREFIX } from "./redis-keys.ts";

/** So many at once, and so many per second after that. */
export interface Rate {
  perSecond: number;
  burst: number;
}

export interface RateLimiter {
  /** 0 when it may go on, and it is counted; otherwise the seconds after which it may. `unavailable` when Redis is. */
  take(subject: string, rate: Rate): Promise<number>;
}

/**
 * The generic cell rate algorithm: one number per subject, the time at which its bucket would be empty again.
 *
 * KEYS  1 the subject's time, in microseconds of Redis's clock
 * ARGV  1 microseconds between two at the sustained rate   2 burst
 * Result  microseconds to wait; 0: taken
 */
const take = `
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local wait = due - (burst - 1) * interval - now
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.0f', due + interval), 'PX', math.ceil((due + interval - now) / 1000) + 1)
return 0
`;

/** Counts in Redis, so that the limit holds over all API processes. */
export const createRateLimiter = (redis: Redis): RateLimiter => {
  const scripts = defineScripts(redis, "rate", { take });
  return {
    take: async (subject, { perSecond, burst }) => {
      const waitUs = Number(await scripts.take([`${KEY_PREFIX}:rate:${subject}`], Math.round(1e6 / perSecond), burst));
      return waitUs / 1e6;
    },
  };
};
