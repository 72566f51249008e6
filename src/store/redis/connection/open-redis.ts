import { Cluster, Redis, type RedisOptions } from "ioredis";
import { parseRedisAddress, type RedisAddress } from "./redis-address.ts";
import { ignoreSecondErrors } from "./second-errors.ts";
import { stayOpen } from "./stay-open.ts";

/** 100 ms, 200 ms … 1 s: the service resumes within the promised 3 s of Redis's return. */
export const reconnectDelayMs = (times: number): number => Math.min(50 * 2 ** times, 1000);

/** How a connection behaves, wherever it leads. */
export interface Manner {
  options: RedisOptions;
  /** Whether a command waits for a Redis that is away; otherwise it is refused. */
  waits: boolean;
  onError: (error: Error) => void;
  /** Called with each connection to a server: one, or those of a Cluster as they come. */
  onServer: (server: Redis) => void;
}

/** A server that is a replica by now, after a fail-over: the connection leads elsewhere, or will once it is made again. */
const isDemoted = (error: Error): boolean => /^(READONLY|UNBLOCKED)\b/.test(error.message);

/** Redirections and pauses after which a command of a Cluster is given up; one that is refused is within the API's second. */
const patience = { waits: 1_000_000, refuses: 6 } as const;
const FAILOVER_LOOK_MS = 100;

const openCluster = (
  { nodes, options: address }: Extract<RedisAddress, { kind: "cluster" }>,
  { options, waits, onError, onServer }: Manner,
): Cluster => {
  const { retryStrategy: _none, enableOfflineQueue: _queue, ...ofNodes } = { ...options, ...address };
  const cluster = new Cluster(nodes, {
    redisOptions: { ...ofNodes, replyMapping: "legacy" },
    // With TLS names are checked against certificates: they must not become addresses first.
    ...(address.tls === undefined ? {} : { dnsLookup: (host, done) => done(null, host) }),
    clusterRetryStrategy: reconnectDelayMs,
    enableOfflineQueue: waits,
    maxRedirections: waits ? patience.waits : patience.refuses,
    retryDelayOnFailover: FAILOVER_LOOK_MS,
    retryDelayOnClusterDown: FAILOVER_LOOK_MS,
    retryDelayOnTryAgain: FAILOVER_LOOK_MS,
  });
  cluster.on("+node", (server: Redis) => {
    ignoreSecondErrors(server);
    onServer(server);
  });
  cluster.on("node error", onError);
  return cluster;
};

const openServer = ({ kind, options: address }: RedisAddress, { options, onError, onServer }: Manner): Redis => {
  const redis = new Redis({
    ...options,
    ...address,
    replyMapping: "legacy",
    ...(kind === "sentinel"
      ? {
          sentinelRetryStrategy: reconnectDelayMs,
          sentinelCommandTimeout: options.connectTimeout,
          // A Sentinel says when there is another master, also where the old one's connection only went silent.
          failoverDetector: true,
          reconnectOnError: isDemoted,
        }
      : {}),
  });
  redis.on("sentinelError", onError);
  ignoreSecondErrors(redis);
  stayOpen(redis);
  onServer(redis);
  return redis;
};

/**
 * A connection to what an address names. A Cluster's has the commands and the events of a server's, as far as the service uses
 * them, so it is taken for one; all keys of the service lie in one slot, so no command needs more than one of its servers.
 */
export const openRedis = (url: string, manner: Manner): Redis => {
  const address = parseRedisAddress(url);
  const redis = address.kind === "cluster" ? openCluster(address, manner) : openServer(address, manner);
  // Without a listener each failed attempt to reconnect would end the process.
  redis.on("error", manner.onError);
  return redis as Redis;
};

/** The servers that take writes: the one, or a Cluster's. */
export const mastersOf = (redis: Redis | Cluster): Redis[] =>
  redis instanceof Cluster ? redis.nodes("master") : [redis];
