import { createBullTrainingConsumer } from "../../src/queue/bull-training-consumer.ts";
import { createBullTrainingQueue } from "../../src/queue/bull-training-queue.ts";
import { mastersOf } from "../../src/store/redis/connection/open-redis.ts";
import {
  createLastingConnection,
  createProducerConnection,
  waitForRedis,
} from "../../src/store/redis/redis-connection.ts";
import type { QueueUnderTest } from "./training-queue.ts";

const ignore = () => {};

/** The service's queue over a server; closing it leaves the server to its owner, empty. */
export const openBullQueue = async (url: string): Promise<QueueUnderTest> => {
  const connection = createProducerConnection(url, ignore);
  await waitForRedis(connection, 5000);
  const queue = createBullTrainingQueue({ connection, onError: ignore });
  const closing: (() => Promise<void>)[] = [];
  return {
    queue,
    consume: (run, { concurrency = 1, lockMs = 10_000, pool } = {}) => {
      const lasting = createLastingConnection(url, ignore);
      const nowMs = () => performance.now();
      const consumer = createBullTrainingConsumer({
        connection: lasting,
        run,
        ...(pool === undefined ? {} : { pool }),
        concurrency,
        lockMs,
        nowMs,
        onError: ignore,
      });
      closing.push(async () => {
        await consumer.close(200);
        lasting.disconnect();
      });
      return { consumer, cut: () => lasting.disconnect() };
    },
    close: async () => {
      await Promise.all(closing.splice(0).map((close) => close()));
      await queue.close();
      await Promise.all(mastersOf(connection).map((server) => server.flushall())).catch(ignore); // a test that ends with Redis away leaves nothing to empty
      connection.disconnect();
    },
  };
};
