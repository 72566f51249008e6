import { randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { onRedis } from "../redis-error.ts";
import { redisKeys } from "../redis-keys.ts";

/** What event tokens are signed with, the same for all API processes: made once, and gone with Redis, as tokens last for minutes. */
export const createTokenSecret = (redis: Redis) => (): Promise<Uint8Array> =>
  onRedis(async () => {
    const known = await redis.get(redisKeys.tokenSecret);
    if (known !== null) return Buffer.from(known, "base64");
    await redis.set(redisKeys.tokenSecret, randomBytes(32).toString("base64"), "NX");
    return Buffer.from((await redis.get(redisKeys.tokenSecret)) ?? "", "base64");
  });
