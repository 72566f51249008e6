import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log } from "../../src/domain/log.ts";
import { startPrivateRedis } from "../../src/main/private-redis/private-redis.ts";
import { createProducerConnection, waitForRedis } from "../../src/store/redis/redis-connection.ts";

export const quiet: Log = { info: () => {}, warn: () => {}, error: () => {} };

export interface TestRedis {
  url: string;
  folder: string;
  pid(): number | null;
  stop(): Promise<void>;
}

/** A Redis of the test's own, in a folder that goes with it. */
export const startTestRedis = async (): Promise<TestRedis> => {
  const folder = await mkdtemp(join(tmpdir(), "descent-test-"));
  const redis = await startPrivateRedis({ folder: join(folder, "redis"), log: quiet, mayInstall: false });
  return {
    url: redis.url,
    folder,
    pid: redis.pid,
    stop: async () => {
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** As if it had lost everything. */
export const emptyRedis = async (url: string): Promise<void> => {
  const connection = createProducerConnection(url, () => {});
  await waitForRedis(connection, 5000);
  await connection.flushall();
  connection.disconnect();
};

/** Until so many milliseconds have passed on Redis's own clock. */
export const redisClockMoves = async (url: string, byMs: number): Promise<void> => {
  const connection = createProducerConnection(url, () => {});
  await waitForRedis(connection, 5000);
  const read = async () => {
    const [seconds, microseconds] = await connection.time();
    return Number(seconds) * 1000 + Number(microseconds) / 1000;
  };
  const start = await read();
  while ((await read()) < start + byMs);
  connection.disconnect();
};
