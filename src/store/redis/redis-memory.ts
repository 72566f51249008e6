import type { Redis } from "ioredis";
import { mastersOf } from "./connection/open-redis.ts";

export interface RedisMemory {
  usedBytes: number;
  /** `maxmemory`, or the memory of its machine; null where Redis does not say. */
  limitBytes: number | null;
}

const numberIn = (info: string, name: string): number =>
  Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? 0);

const parseMemory = (info: string): RedisMemory => {
  const limitBytes = numberIn(info, "maxmemory") || numberIn(info, "total_system_memory");
  return { usedBytes: numberIn(info, "used_memory"), limitBytes: limitBytes === 0 ? null : limitBytes };
};

/** How full it is: 0 where the limit is not known. */
export const fullness = ({ usedBytes, limitBytes }: RedisMemory): number =>
  limitBytes === null ? 0 : usedBytes / limitBytes;

/** Of a Cluster that of its fullest master. Throws where Redis cannot be asked. */
export const readRedisMemory = async (redis: Redis): Promise<RedisMemory> => {
  const memories = await Promise.all(mastersOf(redis).map(async (server) => parseMemory(await server.info("memory"))));
  return memories.reduce((a, b) => (fullness(b) > fullness(a) ? b : a));
};
