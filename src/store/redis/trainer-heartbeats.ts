import type { Redis } from "ioredis";
import { TrainerHeartbeat } from "../../domain/jobs/trainer-heartbeat.ts";
import { onMessage } from "./on-message.ts";
import { onRedis } from "./redis-error.ts";
import { redisKeys } from "./redis-keys.ts";

export type HeardHeartbeat = TrainerHeartbeat & { heardMs: number };

/** Heartbeats of trainers. They are published, not stored: nothing is left of a trainer that is gone, and no disk turns for them. */
export interface TrainerHeartbeats {
  /** `unavailable` when Redis is. */
  send(sign: TrainerHeartbeat): Promise<void>;
  /** Begins to listen. What is heard is the last sign of each trainer that gave one within `lifeMs`, ordered by name. */
  listen(lifeMs: number, nowMs: () => number): () => readonly HeardHeartbeat[];
}

const parseHeartbeat = (text: string): TrainerHeartbeat | null => {
  try {
    return TrainerHeartbeat.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null; // another version's, or nobody's: no sign
  }
};

/** @param subscriber a lasting connection that is used for subscriptions only */
export const createTrainerHeartbeats = (redis: Redis, subscriber: Redis): TrainerHeartbeats => ({
  send: async (sign) => {
    await onRedis(() => redis.publish(redisKeys.trainerHeartbeats, JSON.stringify(sign)));
  },
  listen: (lifeMs, nowMs) => {
    // By name: put in order when one comes, which is seldom, and not when they are asked for, which each submission does.
    let heard = new Map<string, HeardHeartbeat>();
    onMessage(subscriber, redisKeys.trainerHeartbeats, (text) => {
      const sign = parseHeartbeat(text);
      if (sign === null) return;
      const isNew = !heard.has(sign.name);
      heard.set(sign.name, { ...sign, heardMs: nowMs() });
      if (isNew) heard = new Map([...heard].sort(([a], [b]) => (a < b ? -1 : 1)));
    });
    return () => {
      for (const { name, heardMs } of heard.values()) if (nowMs() - heardMs > lifeMs) heard.delete(name);
      return [...heard.values()];
    };
  },
});
