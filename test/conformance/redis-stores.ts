import { createRedisAccessStore } from "../../src/store/redis/access/redis-access-store.ts";
import { createConfirmedWrites } from "../../src/store/redis/connection/confirmed-writes.ts";
import { mastersOf } from "../../src/store/redis/connection/open-redis.ts";
import { parseRedisAddress } from "../../src/store/redis/connection/redis-address.ts";
import { createRedisJobStore } from "../../src/store/redis/jobs/redis-job-store.ts";
import { createRedisCatalogue } from "../../src/store/redis/redis-catalogue.ts";
import {
  createLastingConnection,
  createProducerConnection,
  waitForRedis,
} from "../../src/store/redis/redis-connection.ts";
import { createRedisStudyStore } from "../../src/store/redis/studies/redis-study-store.ts";
import type { JobStoresUnderTest } from "./job-store.ts";
import { type RedisServer, startRedisServer } from "./redis-server.ts";

const ignore = () => {};
const LEASE_MS = 60_000;

/** How many replicas confirm what is acknowledged, by the kind of server: where another may take over they are asked, even if there is none. */
const REPLICAS = { single: null, sentinel: 1, cluster: 0 } as const;

/** The stores of the service over a server; closing them leaves it to its owner. */
export const openRedisStores = async (url: string): Promise<JobStoresUnderTest> => {
  const redis = createProducerConnection(url, ignore);
  const subscriber = createLastingConnection(url, ignore);
  const third = createProducerConnection(url, ignore);
  await Promise.all([redis, subscriber, third].map((each) => waitForRedis(each, 5000)));
  const replicas = REPLICAS[parseRedisAddress(url).kind];
  const confirmed = replicas === null ? null : createConfirmedWrites(third, replicas);
  const connections = { redis, subscriber, confirmed };
  return {
    jobs: createRedisJobStore({ ...connections, leaseMs: LEASE_MS }),
    hasty: createRedisJobStore({ ...connections, leaseMs: 0 }),
    limited: createRedisJobStore({ ...connections, leaseMs: LEASE_MS, runningJobs: 2 }),
    studies: createRedisStudyStore(connections),
    catalogue: createRedisCatalogue(connections),
    access: createRedisAccessStore(connections),
    clear: async () => {
      await Promise.all(mastersOf(redis).map((server) => server.flushall()));
    },
    close: async () => {
      for (const each of [redis, subscriber, third]) each.disconnect();
    },
  };
};

/** The stores over a server of their own. */
export const openOwnRedisStores = async (): Promise<JobStoresUnderTest & { server: RedisServer }> => {
  const server = await startRedisServer();
  const stores = await openRedisStores(server.url);
  return {
    ...stores,
    server,
    close: async () => {
      await stores.close();
      await server.stop();
    },
  };
};
