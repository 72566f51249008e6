import { StartError } from "../config.ts";
import { ServiceError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { checkRedis, replicasInsistedOn } from "../store/redis/check-redis.ts";
import { createConfirmedWrites } from "../store/redis/connection/confirmed-writes.ts";
import { parseRedisAddress } from "../store/redis/connection/redis-address.ts";
import { isRefusal, remedyFor } from "../store/redis/connection/redis-remedies.ts";
import type { StoreConnections } from "../store/redis/connection/store-connections.ts";
import { createLastingConnection, createProducerConnection, waitForRedis } from "../store/redis/redis-connection.ts";

const answersMs = 10_000;

export interface RedisConnections extends Required<StoreConnections> {
  close(): Promise<void>;
}

const toStartError = (error: unknown, why = ""): StartError => {
  if (error instanceof ServiceError) return new StartError(`REDIS_URL: ${error.message}${why}`, { cause: error });
  if (error instanceof Error && error.name === "ReplyError")
    return new StartError(`REDIS_URL: Redis says ${error.message}${remedyFor(error.message)}`, { cause: error });
  return new StartError(error instanceof Error ? error.message : String(error), { cause: error });
};

const tlsOf = (url: string) => {
  const { tls } = parseRedisAddress(url).options;
  return { isTls: tls !== undefined, isKnown: tls?.cert !== undefined };
};

const open = (url: string, onError: (error: Error) => void): Omit<StoreConnections, "confirmed"> => {
  try {
    return { redis: createProducerConnection(url, onError), subscriber: createLastingConnection(url, onError) };
  } catch (error) {
    throw toStartError(error);
  }
};

/**
 * Connects to Redis and looks whether it can keep what the service promises. Throws StartError, one line with the remedy: at once
 * where the server says no, after `limitMs` where it does not answer.
 */
export const connectRedis = async (
  url: string,
  log: Log,
  { onError, limitMs = answersMs }: { onError?: () => void; limitMs?: number } = {},
): Promise<RedisConnections> => {
  // Until Redis has answered once, what goes wrong is the reason of the one line that ends the start.
  let reason: string | null = null;
  let answered = false;
  let refuse: (error: Error) => void = () => {};
  const refused = new Promise<never>((_resolve, reject) => {
    refuse = reject;
  });
  refused.catch(() => undefined); // it may come when nobody waits any more
  const listen = (error: Error): void => {
    onError?.();
    if (answered) {
      log.warn({ err: error }, "the connection to Redis is in trouble");
      return;
    }
    if (reason === null) log.info({ reason: error.message }, "Redis does not answer yet");
    // What an operator can do something about is not hidden by what follows from it.
    if (reason === null || remedyFor(error.message) !== "") reason = error.message;
    if (isRefusal(error.message)) refuse(new ServiceError("unavailable", "Redis cannot be used"));
  };
  const { redis, subscriber } = open(url, listen);
  const connections = [redis, subscriber];
  const close = async (): Promise<void> => {
    for (const connection of connections) connection.disconnect();
  };
  try {
    await Promise.race([waitForRedis(redis, limitMs), refused]);
    answered = true;
    for (const warning of await checkRedis(redis)) log.warn({}, warning);
    const replicas = parseRedisAddress(url).replicas ?? (await replicasInsistedOn(redis));
    if (replicas === 0) return { redis, subscriber, confirmed: null, close };
    const third = createProducerConnection(url, listen);
    connections.push(third);
    await waitForRedis(third, limitMs);
    await third.wait(0, 1); // a user who may not do that learns it now
    return { redis, subscriber, confirmed: createConfirmedWrites(third, replicas), close };
  } catch (error) {
    await close();
    throw toStartError(error, reason === null ? "" : ` (${reason})${remedyFor(reason, tlsOf(url))}`);
  }
};
