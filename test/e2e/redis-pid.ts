import { join } from "node:path";
import { createProducerConnection, waitForRedis } from "../../src/store/redis/redis-connection.ts";

/** The process id of the private Redis of a service's folder. */
export const redisPidOf = async (dataDir: string): Promise<number> => {
  const redis = createProducerConnection(`unix://${join(dataDir, "redis", "redis.sock")}`, () => {});
  try {
    await waitForRedis(redis, 5000);
    return Number(/process_id:(\d+)/.exec(await redis.info("server"))?.[1]);
  } finally {
    redis.disconnect();
  }
};
