import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log } from "../../src/domain/log.ts";
import { startPrivateRedis } from "../../src/main/private-redis/private-redis.ts";

export const quiet: Log = { info: () => {}, warn: () => {}, error: () => {} };

export interface RedisServer {
  url: string;
  stop(): Promise<void>;
}

/** One whose process the test may kill and freeze. */
export interface FragileRedis extends RedisServer {
  /** SIGKILL; the private server's keeper starts it again on the same file. Resolves when the process is another. */
  crash(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

const DOCKER_ANSWERS_MS = 300;
const IMAGE = "redis:7.4-alpine";

/** Asked by the socket, in milliseconds: the command-line client may be there without an engine behind it. */
const dockerAnswers = (): Promise<boolean> => {
  const host = process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock";
  const path = host.startsWith("unix://") ? host.slice("unix://".length) : null;
  if (path === null || !existsSync(path)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect({ path });
    const finish = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(DOCKER_ANSWERS_MS, () => finish(false));
    socket.once("error", () => finish(false));
    socket.once("data", (data) => finish(data.toString().includes("200 OK")));
    socket.once("connect", () => socket.write("GET /_ping HTTP/1.0\r\n\r\n"));
  });
};

const startContainer = async (): Promise<RedisServer> => {
  const { GenericContainer } = await import("testcontainers");
  const container = await new GenericContainer(IMAGE)
    .withExposedPorts(6379)
    .withCommand(["redis-server", "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"])
    .start();
  return {
    url: `redis://${container.getHost()}:${container.getMappedPort(6379)}`,
    stop: async () => {
      await container.stop();
    },
  };
};

/** A container where a Docker engine answers, the service's own private server otherwise; or the kind that REDIS_KIND names. */
export const startRedisServer = async (): Promise<RedisServer> => {
  const kind = process.env.REDIS_KIND ?? "";
  if (kind !== "") return startKind(kind);
  return (await dockerAnswers()) ? startContainer() : startFragileRedis();
};

const startKind = async (kind: string): Promise<RedisServer> => {
  const { createServers, kinds } = await import("./redis-kinds.ts");
  const start = kinds[kind];
  if (start === undefined) throw new Error(`REDIS_KIND=${kind}: there are ${Object.keys(kinds).join(", ")}`);
  const servers = await createServers();
  try {
    const { url } = await start(servers);
    return { url, stop: servers.stop };
  } catch (error) {
    await servers.stop();
    throw error;
  }
};

export const startFragileRedis = async (): Promise<FragileRedis> => {
  const folder = await mkdtemp(join(tmpdir(), "descent-conformance-"));
  const redis = await startPrivateRedis({ folder: join(folder, "redis"), log: quiet, mayInstall: false });
  const pid = (): number => {
    const current = redis.pid();
    if (current === null) throw new Error("the server is being restarted");
    return current;
  };
  return {
    url: redis.url,
    crash: async () => {
      const killed = pid();
      process.kill(killed, "SIGKILL");
      while (redis.pid() === null || redis.pid() === killed) await new Promise((resolve) => setImmediate(resolve));
    },
    freeze: () => void process.kill(pid(), "SIGSTOP"),
    thaw: () => void process.kill(pid(), "SIGCONT"),
    stop: async () => {
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
