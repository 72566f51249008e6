import { Cluster, type Redis } from "ioredis";
import { mastersOf } from "./connection/open-redis.ts";

const MINIMUM = [6, 2] as const;

/**
 * Whether this Redis can keep what the service promises. Throws one line for the operator when it cannot; returns lines to
 * warn of what makes a promise weaker.
 */
export const checkRedis = async (redis: Redis): Promise<string[]> => {
  const warnings: string[] = [];
  for (const server of mastersOf(redis)) warnings.push(...(await checkServer(server, redis)));
  return [...new Set(warnings)];
};

const checkServer = async (server: Redis, whole: Redis | Cluster): Promise<string[]> => {
  const info = parseInfo(await server.info());
  checkKind(info, whole instanceof Cluster);
  const version = info.get("valkey_version") ?? info.get("redis_version") ?? "0";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
    throw new Error(`REDIS_URL: Redis ${version} is too old; ${MINIMUM.join(".")} or newer is needed`);
  }
  const policy = info.get("maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction") {
    throw new Error(
      `REDIS_URL: this Redis may delete jobs when its memory is full (maxmemory-policy ${policy}); set maxmemory-policy noeviction`,
    );
  }
  return [...(await durability(server, info)), ...(await replication(server, whole))];
};

/** An address of another kind works at first, and fails with the first fail-over or the first key that is elsewhere. */
const checkKind = (info: ReadonlyMap<string, string>, isCluster: boolean): void => {
  if (info.get("redis_mode") === "sentinel")
    throw new Error("REDIS_URL: this is a Sentinel; write redis+sentinel://host:port/name with its master's name");
  if (info.get("cluster_enabled") === "1" && !isCluster)
    throw new Error("REDIS_URL: this Redis is part of a Cluster; write redis+cluster://host:port");
  if (info.get("role") === "slave")
    throw new Error(
      "REDIS_URL: this Redis is a replica; name its master, or the Sentinels: redis+sentinel://h1,h2/name",
    );
};

const durability = async (server: Redis, info: ReadonlyMap<string, string>): Promise<string[]> => {
  if (info.get("aof_enabled") !== "1") {
    return ["Redis has no append-only file: accepted jobs may be lost when it crashes; set appendonly yes"];
  }
  const fsync = await readSetting(server, "appendfsync");
  return fsync === null || fsync === "always"
    ? []
    : [`Redis syncs its file with appendfsync ${fsync}: a crash of the machine may lose a job; set appendfsync always`];
};

/** How many replicas Redis itself insists on before it takes a write; 0 where it cannot be read. */
export const replicasInsistedOn = async (redis: Redis): Promise<number> => {
  const each = await Promise.all(mastersOf(redis).map((server) => readSetting(server, "min-replicas-to-write")));
  return Math.max(0, ...each.map(Number));
};

/** Replicas are written to after the answer: what a fail-over may lose is bounded by what the master is told to insist on. */
const replication = async (server: Redis, whole: Redis | Cluster): Promise<string[]> => {
  const takesOver = whole instanceof Cluster || whole.options.sentinels != null;
  if (!takesOver || (await readSetting(server, "min-replicas-to-write")) !== "0") return [];
  return [
    "Redis takes writes without a replica: a fail-over may lose jobs that were accepted long before; set min-replicas-to-write 1",
  ];
};

const parseInfo = (text: string): Map<string, string> =>
  new Map(
    text
      .split(/\r?\n/)
      .filter((line) => line.includes(":"))
      .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]),
  );

/** Null where the operator of a managed Redis does not let it be read. */
const readSetting = async (redis: Redis, name: string): Promise<string | null> => {
  try {
    const reply: unknown = await redis.config("GET", name);
    return Array.isArray(reply) && typeof reply[1] === "string" ? reply[1] : null;
  } catch (error) {
    if (error instanceof Error && error.name === "ReplyError") return null;
    throw error;
  }
};
