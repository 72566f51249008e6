import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMemoryWarning } from "../../../src/main/observing/redis-memory-watch.ts";
import { fullness, readRedisMemory } from "../../../src/store/redis/redis-memory.ts";
import { type FragileRedis, startFragileRedis } from "../../conformance/redis-server.ts";

describe("a Redis that becomes full", () => {
  let server: FragileRedis;
  let redis: Redis;
  beforeAll(async () => {
    server = await startFragileRedis();
    redis = new Redis(server.url.replace("unix://", ""), { replyMapping: "legacy" });
  });
  afterAll(async () => {
    redis?.disconnect();
    await server?.stop();
  });
  const limit = async (share: number): Promise<void> => {
    const { usedBytes } = await readRedisMemory(redis);
    await redis.config("SET", "maxmemory", Math.round(usedBytes / share));
  };

  it("is told of well before it refuses writes, once until there is room again", async () => {
    const lines: string[] = [];
    const log = { info: () => {}, error: () => {}, warn: (_about: object, line: string) => void lines.push(line) };
    const look = createMemoryWarning(() => readRedisMemory(redis), log);
    await look();
    expect(lines).toEqual([]); // without maxmemory the machine's memory counts
    await limit(0.5);
    await look();
    expect(lines).toEqual([]);
    await limit(0.85);
    await look();
    await look();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^Redis uses \d+ of \d+ MiB; .* raise maxmemory, or set RETENTION_DAYS$/);
    expect(await redis.set("still", "writable")).toBe("OK");
    await limit(0.4);
    await look();
    await limit(0.9);
    await look();
    expect(lines).toHaveLength(2);
  });

  it("is no news while it cannot be asked", async () => {
    const look = createMemoryWarning(() => Promise.reject(new Error("away")), {
      info: () => {},
      error: () => {},
      warn: () => expect.unreachable(),
    });
    await look();
    expect(fullness({ usedBytes: 1, limitBytes: null })).toBe(0);
  });
});
