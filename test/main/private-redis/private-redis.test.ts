import { spawn } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { askRedis } from "../../../src/main/private-redis/ask-redis.ts";
import { findExecutable } from "../../../src/main/private-redis/find-executable.ts";
import {
  type PrivateRedis,
  type PrivateRedisOptions,
  startPrivateRedis,
} from "../../../src/main/private-redis/private-redis.ts";
import { identify } from "../../../src/main/private-redis/process-identity.ts";
import { obtainRedis } from "../../../src/main/private-redis/redis-program.ts";

const systemPath = process.env.PATH ?? "";
let folder = "";
let started: PrivateRedis[] = [];
const lines: string[] = [];
const record = (_fields: object, message: string): void => {
  lines.push(message);
};
const log = { info: record, warn: record, error: record };

const start = async (options: Partial<PrivateRedisOptions> = {}): Promise<PrivateRedis> => {
  const redis = await startPrivateRedis({ folder, log, mayInstall: false, ...options });
  started.push(redis);
  return redis;
};
const ask = (redis: PrivateRedis, command: string): Promise<string | null> => askRedis(redis.url, command, 1000);
const isAlive = async (pid: number | null): Promise<boolean> => pid !== null && (await identify(pid)) !== null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "descent-redis-"));
  started = [];
  lines.length = 0;
});
afterEach(async () => {
  for (const redis of started) await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

describe("a private Redis", () => {
  it("answers, listens on its socket only, and gives the folder free when stopped", async () => {
    const redis = await start();
    expect(await ask(redis, "PING")).toBe("+PONG");
    expect(redis.url).toBe(`unix://${folder}/redis.sock`);
    const conf = await readFile(join(folder, "redis.conf"), "utf8");
    expect(conf).toContain("port 0\n");
    const pid = redis.pid();
    await redis.stop();
    expect(await isAlive(pid)).toBe(false);
    await expect(readFile(join(folder, "redis.lock"))).rejects.toThrow("ENOENT");
  });

  it("keeps its data through stop and start", async () => {
    const first = await start();
    await ask(first, "SET kept yes");
    await first.stop();
    const second = await start();
    expect(await ask(second, "STRLEN kept")).toBe(":3");
  });

  it("listens on a loopback port with a password where the folder's path is too long for a socket", async () => {
    const deep = join(folder, "x".repeat(120));
    const redis = await start({ folder: deep });
    expect(redis.url).toMatch(/^redis:\/\/:[0-9a-f]{48}@127\.0\.0\.1:\d+$/);
    expect(await ask(redis, "PING")).toBe("+PONG");
    expect(await askRedis(redis.url.replace(/:[0-9a-f]{48}@/, ""), "PING", 1000)).toContain("NOAUTH");
  });

  it("restarts by itself when it is killed, at the same address, and tells", async () => {
    let told: (signal: string | null) => void;
    const exit = new Promise<string | null>((resolve) => {
      told = resolve;
    });
    const redis = await start({ onExit: ({ signal }) => told(signal) });
    await ask(redis, "SET kept yes");
    const pid = redis.pid();
    if (pid !== null) process.kill(pid, "SIGKILL");
    expect(await exit).toBe("SIGKILL");
    await expect.poll(() => ask(redis, "STRLEN kept"), { timeout: 10_000 }).toBe(":3");
    expect(redis.pid()).not.toBe(pid);
  });

  it("refuses a folder that a living process uses", async () => {
    await start();
    await expect(start()).rejects.toThrow(`${folder} is in use by another Descent (process ${process.pid})`);
  });

  it.runIf(process.platform === "linux").each(["running", "frozen"])(
    "stops a %s server that a killed process left behind, and goes on with its data",
    async (how) => {
      const left = await leaveBehind(folder);
      if (how === "frozen") process.kill(left, "SIGSTOP");
      const redis = await start();
      expect(await isAlive(left)).toBe(false);
      expect(await ask(redis, "STRLEN kept")).toBe(":3");
    },
  );

  it("starts on a copy of a folder that is in use, or restored from a backup, and leaves the original alone", async () => {
    const original = await start();
    await ask(original, "SET kept yes");
    const copy = `${folder}-copy`;
    try {
      await cp(folder, copy, { recursive: true, filter: (path) => !path.endsWith(".sock") });
      const second = await start({ folder: copy });
      expect(await ask(second, "STRLEN kept")).toBe(":3");
      expect(second.pid()).not.toBe(original.pid());
      expect(await ask(original, "PING")).toBe("+PONG");
      await second.stop();
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  });

  it("ignores a lock that is torn", async () => {
    await writeFile(join(folder, "redis.lock"), '{"host":');
    expect(await ask(await start(), "PING")).toBe("+PONG");
  });

  it("says in one line why it cannot start", async () => {
    const redis = await start();
    await ask(redis, "SET kept yes");
    await redis.stop();
    await writeFile(join(folder, "appendonlydir", "appendonly.aof.manifest"), "nonsense\n");
    await expect(start()).rejects.toThrow(/^redis-server did not start: .+$/);
  });

  it("says so when Redis is missing and must not be installed", async () => {
    await expect(start({ path: folder })).rejects.toThrow(
      "redis-server is not installed; install Redis or set REDIS_URL",
    );
  });

  it("installs a missing Redis with the package manager, saying what it does", async () => {
    const real = await findExecutable("redis-server", systemPath);
    if (real === null) return;
    const bin = join(folder, "bin");
    await mkdir(bin);
    const manager = join(bin, "apt-get");
    const shell = await findExecutable("sh", systemPath);
    const link = await findExecutable("ln", systemPath);
    await writeFile(
      manager,
      `#!${shell}\necho "$*" >> ${bin}/calls\n[ "$1" = install ] && ${link} -s ${await realpath(real)} ${bin}/redis-check-rdb\nexit 0\n`,
    );
    await chmod(manager, 0o755);
    if (process.getuid?.() !== 0) {
      await writeFile(join(bin, "sudo"), `#!${shell}\nshift\nexec "$@"\n`);
      await chmod(join(bin, "sudo"), 0o755);
    }
    const redis = await start({ mayInstall: true, path: bin });
    expect(await ask(redis, "PING")).toBe("+PONG");
    expect(await readFile(join(bin, "calls"), "utf8")).toBe(
      "update\ninstall --yes --no-install-recommends redis-tools\n",
    );
    expect(lines).toContain("no redis-server found: installing redis-tools with apt-get");
  });

  it("says which command failed when the installation does not succeed", async () => {
    const bin = join(folder, "bin");
    await mkdir(bin);
    const shell = await findExecutable("sh", systemPath);
    await writeFile(join(bin, "brew"), `#!${shell}\necho "no network" >&2\nexit 1\n`);
    await chmod(join(bin, "brew"), 0o755);
    await expect(start({ mayInstall: true, path: bin })).rejects.toThrow(
      /redis-server is not installed, and .*brew install redis failed: no network; install Redis or set REDIS_URL/,
    );
  });
});

/** Starts a server in a process that is then killed, as a crash of the service would; returns the server's number. */
const leaveBehind = async (where: string): Promise<number> => {
  const { file, argv0 } = await obtainRedis(log, systemPath, false);
  return new Promise((resolve, reject) => {
    const lock = join(where, "redis.lock");
    const conf = join(where, "redis.conf");
    const socket = join(where, "redis.sock");
    const script = `
      const { spawn } = require("node:child_process");
      const fs = require("node:fs");
      fs.writeFileSync(${JSON.stringify(conf)}, "port 0\\nunixsocket ${socket}\\ndir ${where}\\nappendonly yes\\nappendfsync always\\nsave \\"\\"\\n");
      const redis = spawn(${JSON.stringify(file)}, [${JSON.stringify(conf)}], { argv0: ${JSON.stringify(argv0)}, detached: true, stdio: "ignore" });
      const started = (pid) => { const t = fs.readFileSync("/proc/" + pid + "/stat", "utf8"); return t.slice(t.lastIndexOf(")") + 2).split(" ")[19]; };
      const identity = (pid) => ({ pid, started: started(pid) });
      fs.writeFileSync(${JSON.stringify(lock)}, JSON.stringify({ host: require("node:os").hostname(), owner: identity(process.pid), server: identity(redis.pid), url: "unix://${socket}" }));
      const attempt = () => {
        const client = require("node:net").connect(${JSON.stringify(socket)});
        client.on("error", () => setTimeout(attempt, 10));
        client.on("connect", () => client.write("SET kept yes\\r\\n"));
        client.on("data", () => { process.stdout.write(String(redis.pid)); });
      };
      attempt();`;
    const owner = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    owner.once("error", reject);
    owner.stdout.once("data", (text: Buffer) => {
      owner.once("exit", () => resolve(Number(text.toString())));
      owner.kill("SIGKILL");
    });
  });
};
