// A real service with API keys, filled with jobs of many tenants through its own stores, and simulated trainers beside it.
import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Redis } from "ioredis";
import { parseConfig } from "../../../dist/src/config.js";
import { createId } from "../../../dist/src/domain/ids.js";
import { connectBackends } from "../../../dist/src/main/backends.js";
import { createBullTrainingQueue } from "../../../dist/src/queue/bull-training-queue.js";
import { createProducerConnection } from "../../../dist/src/store/redis/redis-connection.js";
import { whileUnavailable } from "../../../dist/workers/trainer/outbox.js";
import { endTogether } from "../../chaos/end-together.mjs";
import { startService } from "../../chaos/service.mjs";
import { processorSecondsOf } from "../processes.mjs";

const trainersInProcess = 100;
const jobsAtOnce = 250;
const log = { info() {}, debug() {}, warn() {}, error: console.error };
const settings = { leaseSeconds: 10, checkpointSeconds: 10 };

/** As trainers ask: again while Redis does not answer in time, as on a busy machine. */
export const patiently = (call) => whileUnavailable(new AbortController().signal, call);

export const keyOf = (tenant) => `key-of-${tenant}`;
const keyFile = async (folder, tenants) => {
  const keys = tenants.map((tenant) => ({
    ...{ id: tenant, tenant, scopes: ["read", "submit", "admin"] },
    sha256: createHash("sha256").update(keyOf(tenant)).digest("hex"),
  }));
  const file = join(folder, "keys.json");
  await writeFile(file, JSON.stringify({ keys }));
  return file;
};

export const specOf = (dataset) => ({
  ...{ dataset, name: "size", task: { type: "classification", label: "species" } },
  ...{ model: { type: "softmax" }, training: { epochs: 2 } },
});

export const asker =
  (url) =>
  async (tenant, path, body, type = "application/json") => {
    const headers = {
      authorization: `Bearer ${keyOf(tenant)}`,
      ...(body === undefined ? {} : { "content-type": type }),
    };
    const response = await fetch(url + path, body === undefined ? { headers } : { method: "POST", headers, body });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  };

/** One job that a real trainer computed, whose model stands for those of the others; the data set; the plan. */
const makeExample = async (folder, apiKeys, tenant) => {
  const service = await startService(folder, { ...settings, workers: 1, env: { API_KEYS_FILE: apiKeys } });
  try {
    const ask = asker(service.url);
    const csv = await readFile(new URL("../../data/iris.csv", import.meta.url), "utf8");
    const { id: dataset } = await ask(tenant, "/v1/datasets?name=iris", csv, "text/csv");
    let job = await ask(tenant, "/v1/jobs", JSON.stringify(specOf(dataset)));
    while (!job.done) job = await ask(tenant, `/v1/jobs/${job.id}?wait=10`);
    return { tenant, dataset, spec: job.spec, plan: job.plan, model: job.model };
  } finally {
    await service.stop();
  }
};

/** Starts the service without trainers; every tenant has the same data set. */
export const startMeasured = async (folder, tenants) => {
  const apiKeys = await keyFile(folder, tenants);
  const example = await makeExample(folder, apiKeys, tenants[0]);
  const service = await startService(folder, { ...settings, workers: 0, env: { API_KEYS_FILE: apiKeys } });
  const socket = join(folder, "redis", "redis.sock");
  const places = { redisUrl: `unix://${socket}`, artifactUrl: pathToFileURL(join(folder, "artifacts")).href };
  const config = parseConfig({ REDIS_URL: places.redisUrl, ARTIFACT_URL: places.artifactUrl, DATA_DIR: folder });
  const backends = await connectBackends(config, log);
  const connection = createProducerConnection(places.redisUrl, console.error);
  const queue = createBullTrainingQueue({ connection, onError: console.error });
  const redis = new Redis(socket);
  const pids = { api: service.alive("api")[0], redis: await service.redisPid() };
  const manifest = await backends.catalogue.dataset(example.tenant, example.dataset);
  const model = await backends.catalogue.model(example.tenant, example.model);
  for (const tenant of tenants.slice(1)) await patiently(() => backends.catalogue.addDataset(tenant, manifest));

  const info = async () => {
    const text = await redis.info();
    const number = (name) => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(text)[1]);
    return {
      bytes: number("used_memory"),
      mainSeconds: number("used_cpu_user_main_thread") + number("used_cpu_sys_main_thread"),
      commands: number("total_commands_processed"),
    };
  };
  return {
    ...{ url: service.url, example, backends, queue, redis },
    /** Records and queues so many more jobs of the tenant. */
    fill: async (tenant, count) => {
      for (let left = count; left > 0; left -= jobsAtOnce) {
        const wanted = Array.from({ length: Math.min(jobsAtOnce, left) }, () => ({
          ...{ id: createId("job", Date.now()), spec: example.spec, plan: example.plan },
        }));
        const about = { createdAt: new Date().toISOString(), idempotency: null, quota: null };
        const recorded = await patiently(() => backends.jobs.createAll({ tenant, jobs: wanted, ...about }));
        await patiently(() => queue.addAll(recorded.map(({ id, place }) => ({ tenant, job: id, place }))));
      }
    },
    info,
    usage: async () => ({
      ...(await info()),
      waiting: (await patiently(() => backends.jobs.waitingWork())).jobs,
      atMs: performance.now(),
      apiSeconds: await processorSecondsOf(pids.api),
    }),
    startTrainers: (trainers, jobMs) => startTrainers({ ...places, trainers, jobMs, model }),
    stop: async () => {
      redis.disconnect();
      await queue.close();
      connection.disconnect();
      await backends.close();
      await service.stop();
    },
  };
};

const startTrainers = async ({ trainers, ...order }) => {
  const script = fileURLToPath(new URL("simulated-trainers.mjs", import.meta.url));
  const children = [];
  for (let first = 0; first < trainers; first += trainersInProcess) {
    const child = endTogether(fork(script));
    child.send({ ...order, first, trainers: Math.min(trainersInProcess, trainers - first) });
    children.push(child);
  }
  const heard = (child, wanted) =>
    new Promise((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`the trainers ended (${code})`)));
      child.on("message", (message) => message === wanted && resolve());
    });
  await Promise.all(children.map((child) => heard(child, "ready")));
  const used = async () => {
    const seconds = await Promise.all(children.map(({ pid }) => processorSecondsOf(pid)));
    return seconds.reduce((sum, each) => sum + each, 0);
  };
  return {
    used,
    stop: async () => {
      const stopped = children.map((child) => heard(child, "stopped"));
      for (const child of children) child.send("stop");
      await Promise.all(stopped);
    },
  };
};
