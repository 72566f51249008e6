import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { askRedis } from "../../src/main/private-redis/ask-redis.ts";
import { obtainRedis } from "../../src/main/private-redis/redis-program.ts";
import { quiet } from "./redis-server.ts";

/** A Redis that nobody looks after: it stays dead until the test starts it again. */
export interface BareRedis {
  url: string;
  freeze(): void;
  thaw(): void;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Resolves when it answers, on the same file. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export const startBareRedis = async (): Promise<BareRedis> => {
  const { file, argv0 } = await obtainRedis(quiet, process.env.PATH ?? "", false);
  const folder = await mkdtemp(join(tmpdir(), "descent-bare-"));
  const [conf, socket] = [join(folder, "redis.conf"), join(folder, "redis.sock")];
  const url = `unix://${socket}`;
  const lines = [`port 0`, `unixsocket ${socket}`, `dir ${folder}`, `logfile ${join(folder, "redis.log")}`];
  const durable = ["appendonly yes", "appendfsync always", "maxmemory-policy noeviction", 'save ""', ""];
  await writeFile(conf, [...lines, ...durable].join("\n"));
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    child = spawn(file, [conf], { argv0, stdio: "ignore" });
    while ((await askRedis(url, "PING", 1000)) !== "+PONG") await delay(5);
  };
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  };
  await start();
  return {
    ...{ url, kill, start },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    stop: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
