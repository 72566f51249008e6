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
  /** Counts as many more as may go on, at most `count`; `waitSeconds` is until the next may, 0 when all of them did. */
  takeSome(subject: string, rate: Rate, count: number): Promise<Taken & { taken: number }>;
}

/**
 * The generic cell rate algorithm: one number per subject, the time at which its bucket would be empty again.
 *
 * KEYS  1 the subject's time, in microseconds of Redis's clock
 * ARGV  1 microseconds between two at the sustained rate   2 burst   3 how many
 * Result  {microseconds until the next may go on (0: all did), how many may follow at once, microseconds until the bucket is empty, how many did}
 */
const take = `
local interval, burst, count = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local taken = 0
if due - (burst - 1) * interval - now <= 0 then
  taken = math.max(1, math.min(count, math.floor(burst - (due - now) / interval)))
  due = due + taken * interval
  redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1)
end
local wait = taken < count and math.max(1, math.ceil(due - (burst - 1) * interval - now)) or 0
return { wait, math.max(0, math.floor(burst - (due - now) / interval)), math.ceil(due - now), taken }
`;

/** Counts in Redis, so that the limit holds over all API processes. */
export const createRateLimiter = (redis: Redis): RateLimiter => {
  const scripts = defineScripts(redis, "rate", { take });
  const takeSome: RateLimiter["takeSome"] = async (subject, { perSecond, burst }, count) => {
    const answer = await scripts.take([`${KEY_PREFIX}:rate:${subject}`], Math.round(1e6 / perSecond), burst, count);
    const [waitUs, remaining, resetUs, taken] = answer as [number, number, number, number];
    return { waitSeconds: waitUs / 1e6, remaining, resetSeconds: resetUs / 1e6, taken };
  };
  return {
    take: async (subject, rate) => {
      const { waitSeconds, remaining, resetSeconds } = await takeSome(subject, rate, 1);
      return { waitSeconds, remaining, resetSeconds };
    },
    takeSome,
  };
};
