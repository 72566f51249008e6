import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cleanAtEnd, endTogether } from "./end-together.mjs";
import { loadTypescript } from "./load-typescript.mjs";
import { hubAddress } from "./namespaces.mjs";
import { createRandom } from "./random.mjs";
import { followLog, freePort, isAlive, mainScript, signal, withoutSettings } from "./service.mjs";

/** What is killed starts again after this; a fail-over has begun by then. */
const AGAIN_MS = 2500;
/** Of every hundred requests of the store so many go wrong, without an outage. */
const STUMBLES = 2;

const stumbles = (random) => [
  { kind: "refuse", status: 503, code: "SlowDown" },
  { kind: "refuse", status: 500, code: "InternalError" },
  { kind: "unanswered" },
  { kind: "cut" },
  { kind: "flip" },
  { kind: "torn", bytes: random.below(2000) },
];

/** A bucket that stumbles now and then, and is away while `outage` says how. */
const startBucket = async ({ startS3Stub, stubSettings }, host, random) => {
  const stub = await startS3Stub({ host, pageSize: 1000 });
  let outage = null;
  stub.fault = () => {
    stub.asked.length = 0;
    if (outage !== null) return outage;
    const kinds = stumbles(random);
    return random.below(100) < STUMBLES ? kinds[random.below(kinds.length)] : null;
  };
  return {
    env: stubSettings(stub),
    away: (fault) => {
      outage = fault;
    },
    close: stub.close,
  };
};

const REPLICAS = 2;

/** A master, its replicas and three Sentinels, told what the page of documents asks for where no fail-over may lose anything. */
const startRedis = async ({ createServers, startSentinels }, host) => {
  const servers = await createServers({ host, againAfterMs: AGAIN_MS });
  cleanAtEnd(servers.stop);
  const lines = ["min-replicas-to-write 1", "min-replicas-max-lag 10", "repl-diskless-sync-delay 0"];
  const { master, replicas, sentinels, url } = await startSentinels(servers, { lines, replicas: REPLICAS });
  const all = [master, ...replicas];
  /** The master by the word of the first Sentinel that answers. */
  const currentMaster = async () => {
    const [, port] = await Promise.any(
      sentinels.map(({ admin }) => admin.call("SENTINEL", "get-master-addr-by-name", "jobs")),
    );
    return all.find((each) => each.port === Number(port));
  };
  return {
    url: `${url}?replicas=${REPLICAS}`,
    pid: async () => (await currentMaster())?.pid() ?? null,
    pids: () => all.map((each) => each.pid()),
    replicaPids: async () => {
      const current = await currentMaster();
      return all.filter((each) => each !== current).map((each) => each.pid());
    },
    sentinelPids: () => sentinels.map((each) => each.pid()),
    stop: servers.stop,
  };
};

/** One part of the service, which starts again when it ends, as a platform would do it. */
const keep = ({ role, enter, env, follow }) => {
  let [child, stopping] = [null, false];
  const start = () => {
    if (stopping) return;
    const [program, ...args] = [...enter, process.execPath, mainScript, `--role=${role}`];
    child = spawn(program, args, { env: { ...withoutSettings(), ...env }, stdio: ["ignore", "ignore", "pipe"] });
    follow(child);
    endTogether(child, () => stop());
    child.once("close", () => setTimeout(start, 200));
  };
  const stop = () => {
    stopping = true;
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
    signal(child.pid, "SIGCONT");
    const exited = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGTERM");
    return exited;
  };
  start();
  return { pid: () => child.pid, stop };
};

/**
 * A trainer on each of these machines; on the bridge between them the API, a Redis with its Sentinels and a bucket. What `startService` gives, and beside it the machines, the bucket and the
 * servers of Redis.
 */
export const startOnMachines = async (folder, machines, { seed, leaseSeconds, checkpointSeconds, env = {} }) => {
  const tests = await loadTypescript("/test/conformance/s3-stub.ts", "/test/conformance/redis-kinds.ts");
  const bucket = await startBucket(tests, hubAddress, createRandom(seed + 1));
  const redis = await startRedis(tests, hubAddress);
  const [port, grpcPort] = [await freePort(), await freePort()];
  const log = [];
  const pids = { api: new Set(), trainer: new Set() };
  const follow = (child) => followLog(child.stderr, log, pids);
  const common = {
    ...{ REDIS_URL: redis.url, PORT: String(port), GRPC_PORT: String(grpcPort), LOG_LEVEL: "info" },
    ...{ TRAINER_THREADS: "2", DRAIN_SECONDS: "10", LEASE_SECONDS: String(leaseSeconds) },
    ...{ CHECKPOINT_SECONDS: String(checkpointSeconds), ...bucket.env, ...env },
  };
  const part = async (role, name, enter) => {
    const data = join(folder, name);
    await mkdir(data);
    return keep({ role, enter, env: { ...common, DATA_DIR: data }, follow });
  };
  const parts = [await part("api", "api", [])];
  for (const [number, { enter }] of machines.entries()) parts.push(await part("trainer", `trainer-${number}`, enter));
  const alive = (role) => [...pids[role]].filter(isAlive);
  while (alive("api").length < 1 || alive("trainer").length < machines.length)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const stop = async () => {
    const codes = await Promise.all(parts.map((each) => each.stop()));
    await redis.stop();
    await bucket.close();
    return Math.max(...codes.map((code) => code ?? 1));
  };
  return {
    ...{ url: `http://127.0.0.1:${port}`, log, alive, stop },
    ...{ redisPid: redis.pid, redis, bucket, kill: stop },
    machines: machines.map((machine, number) => ({ ...machine, trainerPid: parts[number + 1].pid })),
  };
};
