import type { Redis } from "ioredis";
import { ServiceError } from "../../../domain/errors.ts";
import type { JobId, TenantId } from "../../../domain/ids.ts";
import { COMMAND_TIMEOUT_MS } from "../redis-connection.ts";
import { redisKeys } from "../redis-keys.ts";

interface Listener {
  job: JobId | null;
  call: (id: JobId | "") => void;
}

/**
 * News of changed jobs over one subscribed connection, however many listen. A connection that comes back subscribes again and
 * then tells everyone to look once, as news may have been missed.
 */
export const createJobChanges = (subscriber: Redis) => {
  const channels = new Map<string, Set<Listener>>();

  subscriber.on("message", (channel: string, id: string) => {
    for (const listener of channels.get(channel) ?? []) {
      if (listener.job === null || listener.job === id) listener.call(id);
    }
  });

  const lookAgain = async (): Promise<void> => {
    if (channels.size === 0) return;
    await subscriber.subscribe(...channels.keys());
    for (const listeners of channels.values()) for (const { job, call } of listeners) call(job ?? "");
  };
  // A connection that breaks meanwhile comes back with another `ready`.
  subscriber.on("ready", () => void lookAgain().catch(() => undefined));

  const listen = async (tenant: TenantId, job: JobId | null, call: Listener["call"]): Promise<() => void> => {
    const channel = redisKeys.changes(tenant);
    const listener: Listener = { job, call };
    const stop = (): void => {
      const listeners = channels.get(channel);
      if (!listeners?.delete(listener) || listeners.size > 0) return;
      channels.delete(channel);
      // Without a connection there is no subscription either.
      if (subscriber.status === "ready") void subscriber.unsubscribe(channel).catch(() => undefined);
    };
    const known = channels.get(channel);
    if (known) known.add(listener);
    else channels.set(channel, new Set([listener]));
    try {
      await withinSecond(subscriber.subscribe(channel));
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  };
  return { listen };
};

const withinSecond = async (asked: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(new ServiceError("unavailable", "Redis cannot be used right now (no answer)", { retryAfterSeconds: 2 })),
      COMMAND_TIMEOUT_MS,
    );
  });
  try {
    await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
    asked.catch(() => undefined);
  }
};
