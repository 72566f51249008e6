import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { createProducerConnection, waitForRedis } from "../../store/redis/redis-connection.ts";

const lookMs = 250;
const answerMs = 1000;

/** Names one run of a server: another one on the same address has another. */
const runIdOf = async (redis: Redis): Promise<string> => /run_id:(\w+)/.exec(await redis.info("server"))?.[1] ?? "";

const connected = async <T>(url: string, log: Logger, use: (redis: Redis) => Promise<T>): Promise<T> => {
  const redis = createProducerConnection(url, (error) => log.debug({ err: error }, "a connection to Redis of its own"));
  try {
    await waitForRedis(redis, answerMs);
    return await use(redis);
  } finally {
    redis.disconnect();
  }
};

export const readRunId = (url: string, log: Logger): Promise<string> => connected(url, log, runIdOf);

/**
 * For when the process that started everything was killed and cannot stop the private Redis any more. Waits until this is its
 * last client, as the trainers still hand their jobs back, and shuts it down. Leaves it alone when somebody still uses it after
 * the limit, or when it is another run: the next start has taken the folder over already.
 */
export const stopOrphanedRedis = async (url: string, runId: string, limitMs: number, log: Logger): Promise<void> => {
  try {
    await connected(url, log, async (redis) => {
      if ((await runIdOf(redis)) !== runId) return;
      const endMs = performance.now() + limitMs;
      for (;;) {
        const clients = String(await redis.client("LIST"))
          .trim()
          .split("\n");
        if (clients.length <= 1) break;
        if (performance.now() > endMs) return;
        await delay(lookMs);
      }
      log.info("the private Redis is stopped, as nobody is left to do it");
      // It does not answer: it ends.
      await redis.shutdown("SAVE").catch(() => undefined);
    });
  } catch (error) {
    log.warn({ err: error }, "the private Redis could not be stopped; the next start on this folder does it");
  }
};
