import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Redis, type RedisOptions } from "ioredis";
import { obtainRedis } from "../../src/main/private-redis/redis-program.ts";
import { createCertificates } from "../e2e/certificates.ts";

const durable = ["appendonly yes", "appendfsync always", "maxmemory-policy noeviction", 'save ""', "daemonize no"];
const quiet = { info: () => {}, warn: () => {}, error: () => {} };

export interface Process {
  port: number;
  /** A connection of the test's own. */
  admin: Redis;
  pid(): number | undefined;
  freeze(): void;
  thaw(): void;
  kill(): Promise<void>;
}

/**
 * Servers of any kind, on loopback ports or those of another address of this machine, in a folder of their own: of Redis on the PATH, or of REDIS_PROGRAM, the file of
 * another's or of Valkey's. With `againAfterMs` those that end start again after so many milliseconds.
 */
export const createServers = async ({ host = "127.0.0.1", againAfterMs = null as number | null } = {}) => {
  const chosen = process.env.REDIS_PROGRAM;
  const { file, argv0 } =
    chosen === undefined
      ? await obtainRedis(quiet, process.env.PATH ?? "", false)
      : { file: chosen, argv0: basename(chosen) };
  const folder = await mkdtemp(join(tmpdir(), "descent-kinds-"));
  const running: Process[] = [];

  const start = async (
    lines: string[],
    { args = [], connect = {} }: { args?: string[]; connect?: RedisOptions } = {},
  ) => {
    const [port, busPort] = await freePorts(2, host);
    const [conf, dir] = [join(folder, `${port}.conf`), await mkdtemp(join(folder, `${port}-`))];
    const where = lines.some((line) => line.startsWith("tls-port")) ? [] : [`port ${port}`];
    const bound = [`bind ${host}`, "protected-mode no", `dir ${dir}`, `logfile ${join(dir, "redis.log")}`];
    const given = [...where, ...bound, ...lines];
    await writeFile(conf, `${given.join("\n").replaceAll("PORT", String(port)).replaceAll("BUS", String(busPort))}\n`);
    let [child, ended] = [null as unknown as ChildProcess, false];
    const run = (): void => {
      if (ended) return;
      child = spawn(file, [conf, ...args], { argv0, stdio: "ignore" });
      if (againAfterMs !== null) child.once("exit", () => setTimeout(run, againAfterMs));
    };
    run();
    const admin = new Redis({ host, port: port!, ...connect, replyMapping: "legacy", retryStrategy: () => 20 });
    admin.on("error", () => {});
    await admin.ping();
    const started: Process = {
      ...{ port: port!, admin },
      pid: () => child.pid,
      freeze: () => void child.kill("SIGSTOP"),
      thaw: () => void child.kill("SIGCONT"),
      kill: async () => {
        ended = true;
        admin.disconnect();
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = once(child, "exit");
        child.kill("SIGKILL");
        await gone;
      },
    };
    running.push(started);
    return started;
  };
  return {
    ...{ folder, host, start },
    stop: async () => {
      await Promise.all(running.map((each) => each.kill()));
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};

export type Servers = Awaited<ReturnType<typeof createServers>>;

const freePorts = async (count: number, host: string): Promise<number[]> => {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      server.listen(0, host);
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
};

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
};

const startSingle = async ({ start }: Servers) => {
  const { port } = await start(durable);
  return { url: `redis://127.0.0.1:${port}` };
};

/** A user with no more than the page of documents gives it; the suites also empty the database and list its keys. */
const startAcl = async ({ start }: Servers) => {
  const { admin, port } = await start(durable);
  const page = await readFile(new URL("../../src/web/docs/redis.md", import.meta.url), "utf8");
  const [, user] = /^ {4}ACL SETUSER (.+)$/m.exec(page)!;
  const [, major, minor] = /redis_version:(\d+)\.(\d+)/.exec(await admin.info("server"))!;
  const later = Number(major) * 100 + Number(minor) >= 702 ? ["+client|setinfo"] : [];
  await admin.call("ACL", "SETUSER", ...user!.split(" "), "+flushall", "+keys", ...later);
  await admin.call("ACL", "SETUSER", "default", "off");
  return { url: `redis://descent:secret@127.0.0.1:${port}` };
};

/** What ca.pem signed: the server, and the client that it insists on. */
export const startTls = async ({ start, folder }: Servers) => {
  const { authority, sign, file, read } = createCertificates(folder);
  authority("ca");
  sign("ca", "server");
  sign("ca", "client");
  const files = [`tls-cert-file ${file("server.pem")}`, `tls-key-file ${file("server.key")}`];
  const tls = { ca: read("ca.pem"), cert: read("client.pem"), key: read("client.key") };
  const { port } = await start(
    [...durable, "port 0", "tls-port PORT", ...files, `tls-ca-cert-file ${file("ca.pem")}`],
    { connect: { tls } },
  );
  const [host, ca] = [`rediss://127.0.0.1:${port}`, `ca=${file("ca.pem")}`];
  return { host, ca, port, url: `${host}?${ca}&cert=${file("client.pem")}&key=${file("client.key")}` };
};

/** So many replicas follow the master. */
const untilOnline = ({ admin }: Process, count: number): Promise<void> =>
  until(async () => {
    const online = (await admin.info("replication")).match(/^slave\d+:.*state=online/gm) ?? [];
    return online.length === count;
  });

/** A master with its replicas, and three Sentinels of which two decide. */
export const startSentinels = async (
  { start, host }: Servers,
  { lines = [], replicas: count = 1 }: { lines?: string[]; replicas?: number } = {},
) => {
  const master = await start([...durable, ...lines]);
  const replicas = await Promise.all(
    Array.from({ length: count }, () => start([...durable, ...lines, `replicaof ${host} ${master.port}`])),
  );
  const sentinels = await Promise.all(
    [1, 2, 3].map(() =>
      start(
        [
          `sentinel monitor jobs ${host} ${master.port} 2`,
          ...["sentinel down-after-milliseconds jobs 1000", "sentinel failover-timeout jobs 3000"],
        ],
        { args: ["--sentinel"] },
      ),
    ),
  );
  await untilOnline(master, count);
  for (const { admin } of sentinels)
    await until(async () => {
      const reply = (await admin.call("SENTINEL", "ckquorum", "jobs").catch(String)) as string;
      const known = (await admin.call("SENTINEL", "replicas", "jobs")) as unknown[];
      return reply.startsWith("OK") && known.length === count;
    });
  const hosts = sentinels.map(({ port }) => `${host}:${port}`).join(",");
  const [replica] = replicas as [Process, ...Process[]];
  return { master, replica, replicas, sentinels, url: `redis+sentinel://${hosts}/jobs` };
};

/** Three masters, which share the slots, and replicas of the `carrier`: the one that has the slot of the service's keys. */
export const startCluster = async (
  { start }: Servers,
  { lines: more = [], replicas: count = 0 }: { lines?: string[]; replicas?: number } = {},
) => {
  const lines = [...durable, "cluster-enabled yes", "cluster-port BUS", "cluster-node-timeout 2000", ...more];
  const nodes = await Promise.all([1, 2, 3].map(() => start(lines)));
  const replicas = await Promise.all(Array.from({ length: count }, () => start(lines)));
  const all = [...nodes, ...replicas] as [Process, ...Process[]];
  const [first, ...others] = all;
  const slots = 16_384;
  for (const [at, { admin }] of nodes.entries())
    await admin.call("CLUSTER", "ADDSLOTSRANGE", Math.ceil((at * slots) / 3), Math.ceil(((at + 1) * slots) / 3) - 1);
  for (const { port, admin } of others) {
    const bus = /,?(\d+)$/.exec(((await admin.call("CLUSTER", "NODES")) as string).split(" ")[1]!.split("@")[1]!)?.[1];
    await first.admin.call("CLUSTER", "MEET", "127.0.0.1", port, Number(bus));
  }
  for (const { admin } of all)
    await until(async () => {
      const state = (await admin.call("CLUSTER", "INFO")) as string;
      return state.includes("cluster_state:ok") && state.includes(`cluster_known_nodes:${all.length}`);
    });
  const slot = (await first.admin.call("CLUSTER", "KEYSLOT", "{descent}")) as number;
  const carrier = nodes[Math.floor((slot * 3) / slots)]!;
  const id = (await carrier.admin.call("CLUSTER", "MYID")) as string;
  for (const { admin } of replicas) await admin.call("CLUSTER", "REPLICATE", id);
  await untilOnline(carrier, count);
  return { nodes, carrier, replicas, url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}` };
};

/** By the names of REDIS_KIND. */
export const kinds: Readonly<Record<string, (servers: Servers) => Promise<{ url: string }>>> = {
  single: startSingle,
  acl: startAcl,
  tls: startTls,
  sentinel: startSentinels,
  cluster: startCluster,
};
