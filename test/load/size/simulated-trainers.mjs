// A process of simulated trainers: everything between a trainer and Redis is the service's own (connections, consumer, records, heartbeats); only the computing is a pause.
// By message: { redisUrl, artifactUrl, trainers, first, jobMs, model }; answers "ready", and "stopped" when told to stop.

import { parseConfig, StartError } from "../../../dist/src/config.js";
import { modelIdOfJob } from "../../../dist/src/domain/ids.js";
import { connectBackends } from "../../../dist/src/main/backends.js";
import { createBullTrainingConsumer } from "../../../dist/src/queue/bull-training-consumer.js";
import { createLastingConnection } from "../../../dist/src/store/redis/redis-connection.js";
import { patiently } from "./measured-service.mjs";

const log = { info() {}, debug() {}, warn() {}, error: (fields, text) => console.error(text, fields.err) };
let stopping = false;
/** Entries that are handed back at the end are not there to be renewed. */
const onError = (error) => void (stopping || console.error(error.message));
const isoNow = () => new Date().toISOString();
const signsPerLease = 3.3;
const heartbeatsPerLease = 3.3;
const pointsPerJob = 3;

/** A pause that ends early when the signal aborts. */
const pause = (ms, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });

/** What a trainer asks of the store for one job, in its order; times spread by half around the mean, so that they do not end together. */
const createRun = (store, name, { jobMs, leaseMs, model }) => {
  const jobs = Object.fromEntries(
    Object.entries(store).map(([method, call]) => [method, (...asked) => patiently(() => call(...asked))]),
  );
  let count = 0;
  return async ({ tenant, job: id }, signal) => {
    const found = await jobs.get(tenant, id).catch(() => null);
    if (found?.state !== "queued") return "ended";
    const claim = await jobs.claim(tenant, id, name, isoNow());
    if (claim === null) return "ended";
    const { fence, job } = claim;
    await jobs.checkpoints(tenant, id);
    const unfollow = await jobs.onChange(tenant, id, () => {});
    const beat = setInterval(
      () => void jobs.progress(fence, { progress: 0.5, metrics: {}, at: isoNow() }).catch(() => {}),
      leaseMs / heartbeatsPerLease,
    );
    const ms = jobMs * (0.5 + ((count++ * 0.618 + name.length * 0.1) % 1));
    try {
      for (let part = 1; part <= pointsPerJob && !signal.aborted; part++) {
        await pause(ms / pointsPerJob, signal);
        await jobs.appendMetrics(fence, [{ step: part, epoch: part, trainLoss: 1 / part }]);
        await jobs.progress(fence, { progress: part / pointsPerJob, metrics: { trainLoss: 1 / part }, at: isoNow() });
        await jobs.appendEvent(fence, { level: "info", type: "progress", message: "on", data: {}, at: isoNow() });
      }
      if (signal.aborted) {
        await jobs.release(fence, "queued", "the trainer is stopping", isoNow());
        return "hand_back";
      }
      await jobs.succeed(fence, { ...model, id: modelIdOfJob(id), job: id, dataset: job.spec.dataset }, {}, isoNow());
      return "ended";
    } finally {
      clearInterval(beat);
      unfollow();
    }
  };
};

/** A trainer that does not reach Redis in time ends, and is started again. */
const connectPatiently = async (config) => {
  for (;;) {
    try {
      return await connectBackends(config, log);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
    }
  }
};

const startTrainer = async ({ redisUrl, artifactUrl, jobMs, model }, name) => {
  const config = parseConfig({ REDIS_URL: redisUrl, ARTIFACT_URL: artifactUrl, DATA_DIR: "." });
  const backends = await connectPatiently(config);
  const connection = createLastingConnection(redisUrl, onError);
  const { leaseMs } = config;
  const consumer = createBullTrainingConsumer({
    ...{ connection, concurrency: 1, lockMs: leaseMs, nowMs: () => performance.now(), onError },
    run: createRun(backends.jobs, name, { jobMs, leaseMs, model }),
  });
  const memoryBytes = 2 ** 30;
  const announce = async () => {
    const { free, taken } = consumer.load();
    const used = { usedThreads: 1 - free, usedMemoryBytes: 0 };
    await backends.signs.send({ ...{ name, threads: 1, memoryBytes, free, taken, metrics: null }, ...used });
    await backends.jobs.announceTrainer(name, memoryBytes, leaseMs);
  };
  const timer = setInterval(() => void announce().catch(() => {}), leaseMs / signsPerLease);
  await patiently(announce);
  return async () => {
    clearInterval(timer);
    await consumer.close(5000);
    connection.disconnect();
    await backends.close();
  };
};

process.on("message", async (order) => {
  if (order === "stop") {
    stopping = true;
    await Promise.all((await started).map((stop) => stop()));
    process.send("stopped");
    process.exit(0);
  }
  const names = Array.from({ length: order.trainers }, (_, i) => `simulated:${order.first + i}`);
  start(names.map((name) => startTrainer(order, name)));
});
process.on("disconnect", () => process.exit(1));
let start;
const started = new Promise((resolve) => {
  start = (trainers) => {
    const all = Promise.all(trainers);
    resolve(all);
    void all.then(() => process.send("ready"));
  };
});
