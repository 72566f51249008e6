import type { Redis } from "ioredis";

const MINIMUM = [6, 2] as const;

/**
 * Whether this Redis can keep what the service promises. Throws one line for the operator when it cannot; returns lines to
 * warn of what makes a promise weaker.
 */
export const checkRedis = async (redis: Redis): Promise<string[]> => {
  const info = parseInfo(await redis.info());
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
  if (info.get("aof_enabled") !== "1") {
    return ["Redis has no append-only file: accepted jobs may be lost when it crashes; set appendonly yes"];
  }
  const fsync = await readFsyncPolicy(redis);
  return fsync === null || fsync === "always"
    ? []
    : [`Redis syncs its file with appendfsync ${fsync}: a crash of the machine may lose a job; set appendfsync always`];
};

const parseInfo = (text: string): Map<string, string> =>
  new Map(
    text
      .split(/\r?\n/)
      .filter((line) => line.includes(":"))
      .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]),
  );

/** Null where the operator of a managed Redis does not let it be read. */
const readFsyncPolicy = async (redis: Redis): Promise<string | null> => {
  try {
    const reply: unknown = await redis.config("GET", "appendfsync");
    return Array.isArray(reply) && typeof reply[1] === "string" ? reply[1] : null;
  } catch (error) {
    if (error instanceof Error && error.name === "ReplyError") return null;
    throw error;
  }
};
