// npm run build && node test/bench/study-overhead.mjs [--trials 1000] [--parallel 8] [--workers 1] [--sampler random] [--pruner none] [--throughput 1,4]
//
// What a study costs beside its jobs: a service of its own, and a study of trials that compute next to nothing. At 100, 500 and 1000 trials: milliseconds a trial since the mark before, of those the ones
// in which its job ran, the API's resident memory, and the bytes of Redis a trial so far. Before it the same job as many times without a study. With --throughput the same study once for each number of
// trainers: trials a second.
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createClient } from "../chaos/client.mjs";
import { startService } from "../chaos/service.mjs";

const { values: options } = parseArgs({
  options: {
    trials: { type: "string", default: "1000" },
    parallel: { type: "string", default: "8" },
    workers: { type: "string", default: "1" },
    sampler: { type: "string", default: "random" },
    pruner: { type: "string", default: "none" },
    epochs: { type: "string", default: "1" },
    throughput: { type: "string" },
  },
});
const trials = Number(options.trials);
const marks = [100, 500, 1000].filter((mark) => mark < trials).concat(trials);
const say = (text) => process.stdout.write(`${text}\n`);

const jobOf = (dataset, epochs) => ({
  ...{ dataset, task: { type: "classification", label: "species" }, resources: { threads: 1 } },
  model: { type: "softmax" },
  training: { epochs, split: { validation: 0.2, test: 0.2 } },
});
const studyOf = (dataset, count, epochs) => ({
  ...{ job: jobOf(dataset, epochs), trials: count, parallel: Number(options.parallel), final: false },
  space: { "/optimizer/learningRate": { min: 1e-3, max: 0.1, scale: "log" } },
  ...{ sampler: { type: options.sampler }, pruner: { type: options.pruner } },
});

const megabytesOf = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

/** A line of Redis's own account of its memory. */
const redisBytes = (folder) =>
  new Promise((resolve, reject) => {
    const socket = connect({ path: join(folder, "redis", "redis.sock") });
    let text = "";
    socket.once("error", reject);
    socket.once("connect", () => socket.write("INFO memory\r\n"));
    socket.on("data", (data) => {
      text += data;
      const bytes = /used_memory:(\d+)/.exec(text)?.[1];
      if (bytes === undefined) return;
      socket.destroy();
      resolve(Number(bytes));
    });
  });

const withService = async (workers, use) => {
  const folder = await mkdtemp(join(tmpdir(), "descent-study-overhead-"));
  const service = await startService(folder, { workers, leaseSeconds: 30, checkpointSeconds: 10 });
  try {
    const client = createClient(service.url);
    const csv = await readFile(new URL("../data/iris.csv", import.meta.url));
    const { id: dataset } = await client.upload(csv);
    return await use({ client, dataset, folder, service });
  } finally {
    await service.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
};

/** Waits until so many trials have ended; the study as it is then. */
const untilEnded = async (client, id, wanted) => {
  for (;;) {
    const { body } = await client.get(`/v1/studies/${id}`);
    const { succeeded, stopped, failed, cancelled } = body.counts;
    if (body.done || succeeded + stopped + failed + cancelled >= wanted) return body;
    await delay(50);
  }
};

/** Milliseconds a job of the same kind takes when it is submitted by itself: `parallel` at a time. */
const plainJobs = async ({ client, dataset }, count) => {
  const startMs = performance.now();
  let next = 0;
  const submitter = async () => {
    while (next < count) {
      const number = next++;
      const { id } = await client.submit(jobOf(dataset, Number(options.epochs)), `plain-${number}`);
      await client.finished(id);
    }
  };
  await Promise.all(Array.from({ length: Number(options.parallel) }, submitter));
  return (performance.now() - startMs) / count;
};

const measure = async (context) => {
  const { client, dataset, folder, service } = context;
  const [api] = service.alive("api");
  const plain = await plainJobs(context, 200);
  say(`200 such jobs without a study: ${plain.toFixed(1)} ms a job; API ${megabytesOf(api).toFixed(0)} MB\n`);
  const before = await redisBytes(folder);
  let [sinceMs, done, highest] = [performance.now(), 0, 0];
  const watch = setInterval(() => {
    highest = Math.max(highest, megabytesOf(api));
  }, 100);
  const { id } = await client.post("/v1/studies", studyOf(dataset, trials, Number(options.epochs)), "study");
  say("| trials | ms a trial | of which its job ran | API, MB | at most | Redis, bytes a trial |");
  say("| --- | --- | --- | --- | --- | --- |");
  for (const mark of marks) {
    await untilEnded(client, id, mark);
    const nowMs = performance.now();
    const each = (nowMs - sinceMs) / (mark - done);
    const all = await client.all(`/v1/studies/${id}/trials`);
    const own = all.slice(done, mark).filter(({ startedAt, endedAt }) => startedAt && endedAt);
    const ran = own.reduce((sum, trial) => sum + Date.parse(trial.endedAt) - Date.parse(trial.startedAt), 0);
    const bytes = ((await redisBytes(folder)) - before) / mark;
    const memory = [megabytesOf(api), highest].map((size) => size.toFixed(0)).join(" | ");
    say(`| ${mark} | ${each.toFixed(1)} | ${(ran / own.length).toFixed(1)} | ${memory} | ${bytes.toFixed(0)} |`);
    [sinceMs, done, highest] = [performance.now(), mark, 0];
  }
  clearInterval(watch);
  const { counts, state } = (await client.get(`/v1/studies/${id}`)).body;
  say(`\n${JSON.stringify(counts)}, ${state}`);
};

const throughputOf = (workers) =>
  withService(workers, async ({ client, dataset }) => {
    const startMs = performance.now();
    const { id } = await client.post("/v1/studies", studyOf(dataset, trials, Number(options.epochs)), "study");
    await untilEnded(client, id, trials);
    return (1000 * trials) / (performance.now() - startMs);
  });

if (options.throughput === undefined) await withService(Number(options.workers), measure);
else
  for (const workers of options.throughput.split(",").map(Number))
    say(`${workers} trainers: ${(await throughputOf(workers)).toFixed(2)} trials a second`);
