import type { Log } from "../../domain/log.ts";
import { findExecutable } from "./find-executable.ts";
import { installRedis } from "./install-redis.ts";

/** What to run, and the name to run it by: Redis decides by its own name whether it is a server or a tool. */
export interface RedisProgram {
  file: string;
  argv0: string;
}

const names: readonly { name: string; argv0: string }[] = [
  { name: "redis-server", argv0: "redis-server" },
  { name: "valkey-server", argv0: "valkey-server" },
  // Debian's redis-tools has the program under this name only; run as redis-server it is the server.
  { name: "redis-check-rdb", argv0: "redis-server" },
  { name: "valkey-check-rdb", argv0: "valkey-server" },
];

/** The server on the PATH, installed first if it is missing and may be. Throws one line for the operator. */
export const obtainRedis = async (log: Log, path: string, mayInstall: boolean): Promise<RedisProgram> => {
  const present = await findRedis(path);
  if (present !== null) return present;
  if (!mayInstall) throw new Error("redis-server is not installed; install Redis or set REDIS_URL");
  await installRedis(log, path, process.getuid?.() === 0);
  const installed = await findRedis(path);
  if (installed === null) throw new Error("Redis was installed but is not on the PATH; set PATH or REDIS_URL");
  return installed;
};

/** The server on the PATH, or null. */
export const findRedis = async (path: string): Promise<RedisProgram | null> => {
  for (const { name, argv0 } of names) {
    const file = await findExecutable(name, path);
    if (file !== null) return { file, argv0 };
  }
  return null;
};
