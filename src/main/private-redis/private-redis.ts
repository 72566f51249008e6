import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import type { Log } from "../../domain/log.ts";
import { errorCode } from "../../store/artifacts/file-error.ts";
import { keepRunning } from "./keep-running.ts";
import { type RedisChild, type RedisExit, spawnRedis } from "./redis-child.ts";
import { lockFolder } from "./redis-folder-lock.ts";
import { obtainRedis } from "./redis-program.ts";

/** The longest path of a Unix socket is 104 or 108 bytes, by system. */
const SOCKET_PATH_BYTES = 100;

export interface PrivateRedis {
  /** For REDIS_URL and every connection; stays the same through restarts. */
  url: string;
  /** Of the server that runs now; null while it is being restarted. */
  pid(): number | null;
  /** Ends the server cleanly and gives the folder free. */
  stop(): Promise<void>;
}

export interface PrivateRedisOptions {
  /** Where its files lie: made if needed. */
  folder: string;
  log: Log;
  /** Whether a missing Redis may be installed with the system's package manager. */
  mayInstall: boolean;
  /** Called when the server ends unexpectedly; it is restarted in any case. */
  onExit?: (exit: RedisExit) => void;
  /** Where programs are looked for; the process's PATH if left out. */
  path?: string;
}

/**
 * A Redis of our own on a folder: durable at every write, reachable by a socket in the folder (or, where the path is too
 * long, by a loopback port with a password), and restarted when it crashes. Throws one line for the operator.
 */
export const startPrivateRedis = async (options: PrivateRedisOptions): Promise<PrivateRedis> => {
  const folder = resolve(options.folder);
  const program = await obtainRedis(options.log, options.path ?? process.env.PATH ?? "", options.mayInstall);
  await makeFolder(folder);
  const address = await chooseAddress(folder);
  const lock = await lockFolder(folder, address.url);
  try {
    await rm(join(folder, "redis.log"), { force: true });
    await writeFile(join(folder, "redis.conf"), configuration(folder, address), { mode: 0o600 });
    const spawn = (): Promise<RedisChild> => spawnRedis(program, folder, address.url, lock.noteServer);
    const running = keepRunning(spawn, await spawn(), options);
    return {
      url: address.url,
      pid: running.pid,
      stop: async () => {
        await running.stop();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
};

const makeFolder = async (folder: string): Promise<void> => {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Error(`DATA_DIR: ${folder} cannot be written (${errorCode(error) ?? String(error)})`);
  }
};

type Address = { url: string; socket: string } | { url: string; port: number; password: string };

const chooseAddress = async (folder: string): Promise<Address> => {
  const socket = join(folder, "redis.sock");
  if (process.platform !== "win32" && Buffer.byteLength(socket) < SOCKET_PATH_BYTES) {
    return { url: `unix://${socket.split("/").map(encodeURIComponent).join("/")}`, socket };
  }
  const port = await freePort();
  const password = randomBytes(24).toString("hex");
  return { url: `redis://:${password}@127.0.0.1:${port}`, port, password };
};

const freePort = (): Promise<number> =>
  new Promise((resolvePort, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address ? resolvePort(address.port) : reject(new Error("no port")),
      );
    });
  });

const configuration = (folder: string, address: Address): string =>
  [
    ...("socket" in address
      ? ["port 0", `unixsocket ${JSON.stringify(address.socket)}`, "unixsocketperm 700"]
      : [`port ${address.port}`, "bind 127.0.0.1", "protected-mode yes", `requirepass ${address.password}`]),
    `dir ${JSON.stringify(folder)}`,
    `logfile ${JSON.stringify(join(folder, "redis.log"))}`,
    "daemonize no",
    "databases 1",
    'save ""',
    "appendonly yes",
    "appendfsync always",
    "maxmemory 0",
    "maxmemory-policy noeviction",
    "",
  ].join("\n");
