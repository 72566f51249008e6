import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { createProducerConnection, waitForRedis } from "../../store/redis/redis-connection.ts";
import { orphaned, privateRedisVariable } from "../processes/parent.ts";

const lookMs = 250;
const startAnswersMs = 10_000;
const stopAnswersMs = 1000;
/** Connections that only wait for all others to close bear this name, and do not wait for each other. */
const waiting = "descent-stops-redis";

/** Names one run of a server: another one on the same address has another. */
const runIdOf = async (redis: Redis): Promise<string> => /run_id:(\w+)/.exec(await redis.info("server"))?.[1] ?? "";

const connected = async <T>(
  { url, answerMs, log }: { url: string; answerMs: number; log: Logger },
  use: (redis: Redis) => Promise<T>,
): Promise<T> => {
  const redis = createProducerConnection(url, (error) => log.debug({ err: error }, "a connection to Redis of its own"));
  try {
    await waitForRedis(redis, answerMs);
    return await use(redis);
  } finally {
    redis.disconnect();
  }
};

const isUsed = async (redis: Redis): Promise<boolean> => {
  const clients = String(await redis.client("LIST"))
    .trim()
    .split("\n");
  return clients.some((client) => !client.includes(` name=${waiting} `));
};

const stopOnceUnused = async (redis: Redis, limitMs: number, log: Logger): Promise<void> => {
  await redis.client("SETNAME", waiting);
  const endMs = performance.now() + limitMs;
  // After the limit whoever is still connected hangs, or is a stranger to this private Redis.
  while ((await isUsed(redis)) && performance.now() < endMs) await delay(lookMs);
  log.info("the private Redis is stopped, as nobody is left to do it");
  // It does not answer: it ends. Every write is in its file already.
  await redis.shutdown("NOSAVE").catch(() => undefined);
};

/**
 * For when the process that started everything is killed and cannot stop the private Redis any more: whoever of its parts is the last
 * does it, given the reason for which it stops. Others still hand their jobs back and are waited for, no longer than the limit. A
 * Redis of another run is left alone: the next start has taken the folder over already.
 */
export const prepareOrphanedRedis = async (
  url: string,
  limitMs: number,
  log: Logger,
): Promise<(reason: string) => Promise<void>> => {
  if (process.env[privateRedisVariable] !== "1") return async () => {};
  // Now, as Redis may be away later on.
  const runId = await connected({ url, answerMs: startAnswersMs, log }, runIdOf);
  return async (reason) => {
    if (reason !== orphaned) return;
    try {
      await connected({ url, answerMs: stopAnswersMs, log }, async (redis) => {
        if ((await runIdOf(redis)) === runId) await stopOnceUnused(redis, limitMs, log);
      });
    } catch (error) {
      // Another part was faster, mostly.
      log.info({ err: error }, "the private Redis is not there to be stopped");
    }
  };
};
