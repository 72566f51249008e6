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
    const heard = new Map<string, HeardHeartbeat>();
    onMessage(subscriber, redisKeys.trainerHeartbeats, (text) => {
      const sign = parseHeartbeat(text);
      if (sign !== null) heard.set(sign.name, { ...sign, heardMs: nowMs() });
    });
    return () => {
      for (const { name, heardMs } of heard.values()) if (nowMs() - heardMs > lifeMs) heard.delete(name);
      return [...heard.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    };
  },
});
