import type { Redis } from "ioredis";
import { TrainerSign } from "../../domain/jobs/trainer-heartbeat.ts";
import { onRedis } from "./redis-error.ts";
import { redisKeys } from "./redis-keys.ts";

export type HeardSign = TrainerSign & { heardMs: number };

/** Signs of life of trainers. They are published, not stored: nothing is left of a trainer that is gone, and no disk turns for them. */
export interface TrainerSigns {
  /** `unavailable` when Redis is. */
  send(sign: TrainerSign): Promise<void>;
  /** Begins to listen. What is heard is the last sign of each trainer that gave one within `lifeMs`, ordered by name. */
  listen(lifeMs: number, nowMs: () => number): () => readonly HeardSign[];
}

const parseSign = (text: string): TrainerSign | null => {
  try {
    return TrainerSign.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null; // another version's, or nobody's: no sign
  }
};

/** @param subscriber a lasting connection that is used for subscriptions only */
export const createTrainerSigns = (redis: Redis, subscriber: Redis): TrainerSigns => ({
  send: async (sign) => {
    await onRedis(() => redis.publish(redisKeys.trainerSigns, JSON.stringify(sign)));
  },
  listen: (lifeMs, nowMs) => {
    const heard = new Map<string, HeardSign>();
    subscriber.on("message", (channel: string, text: string) => {
      if (channel !== redisKeys.trainerSigns) return;
      const sign = parseSign(text);
      if (sign !== null) heard.set(sign.name, { ...sign, heardMs: nowMs() });
    });
    const subscribe = (): void => void subscriber.subscribe(redisKeys.trainerSigns).catch(() => undefined);
    // A connection that breaks before it has subscribed comes back with another `ready`.
    subscriber.on("ready", subscribe);
    if (subscriber.status === "ready") subscribe();
    return () => {
      for (const { name, heardMs } of heard.values()) if (nowMs() - heardMs > lifeMs) heard.delete(name);
      return [...heard.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    };
  },
});
