// node test/load/size/autoscaling.mjs [--hours 4] [--seed 1] [--json FILE]
//
// How long jobs wait, and what trainers cost, by how the chart's ScaledObject is set. Driven by the real records, turns and queue on a real Redis, and by the real ledger of each
// trainer; time is virtual, and what Kubernetes does is modelled after its documentation: a HorizontalPodAutoscaler of autoscaling/v2 with its default behaviour under KEDA.
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "bullmq";
import { parseConfig } from "../../../dist/src/config.js";
import { createId, modelIdOfJob } from "../../../dist/src/domain/ids.js";
import { DEFAULT_POOL, queueNameOf } from "../../../dist/src/domain/jobs/pool.js";
import { connectBackends } from "../../../dist/src/main/backends.js";
import { createBullTrainingQueue } from "../../../dist/src/queue/bull-training-queue.js";
import { QUEUE_PREFIX } from "../../../dist/src/queue/queue-names.js";
import { createLastingConnection, createProducerConnection } from "../../../dist/src/store/redis/redis-connection.js";
import { createLedger } from "../../../dist/workers/trainer/ledger.js";
import { endTogether } from "../../chaos/end-together.mjs";
import { quantile } from "../../chaos/quantile.mjs";
import { createRandom } from "../../chaos/random.mjs";
import { createClock } from "./virtual-clock.mjs";

const { values } = parseArgs({
  options: {
    hours: { type: "string", default: "4" },
    seed: { type: "string", default: "1" },
    json: { type: "string" },
  },
});
const hours = Number(values.hours);
const hour = 3600;
const MIB = 2 ** 20;

/** What Kubernetes and KEDA do by default, in seconds. */
const kubernetes = { syncEvery: 15, stabilise: 300, tolerance: 0.1, pollEvery: 10 };
/** From the order for a pod to its trainer taking jobs: a node with room has the image. A job that is handed back loses what its start takes. */
const startSeconds = 30;
const resumeSeconds = 3;
const threads = 4;

const log = { info() {}, debug() {}, warn() {}, error: console.error };
/** Leases and locks run on Redis's clock, not on this one's: they outlast the run. */
const leaseSeconds = 86_400;

const startRedis = async (folder) => {
  const socket = join(folder, "redis.sock");
  const child = endTogether(
    spawn("redis-server", ["--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder], { stdio: "ignore" }),
  );
  return { url: `unix://${socket}`, stop: () => child.kill("SIGTERM") };
};

/** Exponential, normal and log-normal numbers of one stream. */
const createDraws = (seed) => {
  const random = createRandom(seed);
  const uniform = () => 1 - random.uniform();
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, exponential: (mean) => -mean * Math.log(uniform()), normal };
};

/**
 * Jobs as a team sends them, `load` trainers' worth on average: three quarters one by one, a quarter in batches of 20; lengths log-normal, a median of 40 s and a mean of 123;
 * planned with an error of a factor of e^0.4. Two in three use one thread, the others all four of a trainer. Half as many come in every second hour, one and a half times as many in the others.
 */
const drawJobs = (load, seed) => {
  const draws = createDraws(seed);
  const [median, sigma] = [40, 1.5];
  // Four of one thread share a trainer.
  const trainerSeconds = median * Math.exp(sigma ** 2 / 2) * (2 / 3 / threads + 1 / 3);
  const jobs = [];
  const one = (at) => {
    const seconds = median * Math.exp(sigma * draws.normal());
    const planned = seconds * Math.exp(0.4 * draws.normal());
    jobs.push({
      at,
      seconds,
      planned,
      threads: draws.uniform() < 2 / 3 ? 1 : threads,
      tenant: `t${Math.floor(8 * draws.uniform())}`,
    });
  };
  for (const [size, share] of [
    [1, 0.75],
    [20, 0.25],
  ]) {
    const meanGap = (size * trainerSeconds) / (load * share * 1.5);
    for (let at = draws.exponential(meanGap); at < hours * hour; at += draws.exponential(meanGap)) {
      if (Math.floor(at / hour) % 2 === 1 && draws.uniform() > 1 / 3) continue;
      for (let i = 0; i < size; i++) one(at);
    }
  }
  return jobs.sort((a, b) => a.at - b.at);
};

/** What the policies see: `GET /metrics/queue`, from the same calls. */
const readLoad = async ({ backends, queue }, trainers) => {
  const [work, { active }] = await Promise.all([backends.jobs.waitingWork(), queue.depth()]);
  const busy = trainers.filter(({ runs }) => runs.size > 0).length;
  const usedThreads = trainers.reduce((sum, { ledger }) => sum + ledger.used().threads, 0);
  return { waitingSeconds: work.seconds, waitingJobs: work.jobs, activeJobs: active, busyTrainers: busy, usedThreads };
};

/** Each gives the pods wanted, before rounding up and the bounds. */
const policies = {
  "jobs waiting / 4": ({ waitingJobs, activeJobs }) => Math.max(waitingJobs / threads, activeJobs / threads),
  "greater of work and active / 4": ({ waitingSeconds, activeJobs }, { target }) =>
    Math.max(waitingSeconds / target, activeJobs / threads),
  "work + active / 4": ({ waitingSeconds, activeJobs }, { target }) => waitingSeconds / target + activeJobs / threads,
  "work + threads in use / 4": ({ waitingSeconds, usedThreads }, { target }) =>
    waitingSeconds / target + usedThreads / threads,
  "work + busy": ({ waitingSeconds, busyTrainers }, { target }) => waitingSeconds / target + busyTrainers,
};

/** The number of pods by `autoscaling/v2`: the tolerance, at most twice as many or four more in a period, down to the most that was wanted in five minutes. */
const createAutoscaler = ({ most, least, cooldown }) => {
  const wanted = [];
  let lastActive = 0;
  return {
    next: (now, pods, raw, isActive) => {
      if (isActive) lastActive = now;
      if (pods === 0) return isActive ? Math.max(1, least) : least;
      if (!isActive && least === 0 && now - lastActive >= cooldown) return 0;
      const ratio = raw / pods;
      const asked = Math.abs(ratio - 1) <= kubernetes.tolerance ? pods : Math.ceil(raw);
      wanted.push([now, Math.min(most, Math.max(1, least, asked))]);
      while (wanted[0][0] < now - kubernetes.stabilise) wanted.shift();
      const [, newest] = wanted.at(-1);
      if (newest > pods) return Math.min(newest, Math.max(pods + 4, 2 * pods));
      return Math.min(pods, Math.max(...wanted.map(([, each]) => each)));
    },
  };
};

const spread = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const mean = sorted.reduce((a, b) => a + b, 0) / sorted.length;
  return { mean, p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95), p99: quantile(sorted, 0.99) };
};

/** One run of the jobs under one setting. */
const simulate = async (parts, { load, seed, policy, target, most, least, cooldown }) => {
  const { backends, queue, worker, redis } = parts;
  await redis.flushall();
  const clock = createClock();
  const at = () => new Date(Date.UTC(2026, 0, 1) + 1000 * clock.now()).toISOString();
  const trainers = [];
  const figures = { waits: [], turnarounds: [], trainerSeconds: 0, handedBack: 0, most: 0 };
  for (let i = 0; i < 8; i++) await backends.catalogue.addDataset(`t${i}`, { id: parts.dataset });
  let serial = 0;

  const settle = (run) => {
    run.left -= (clock.now() - run.since) * run.speed;
    run.since = clock.now();
  };
  /** The run's end is where its share of the cores lets it be; a share that changes moves it. */
  const plan = (run, cores) => {
    settle(run);
    run.speed = Math.min(1, cores / run.job.threads);
    run.cancel?.();
    run.cancel = clock.at(clock.now() + Math.max(0, run.left) / run.speed, () => end(run));
  };
  const known = new Map();
  const take = async (trainer) => {
    const token = `${serial++}`;
    const entry = await worker.getNextJob(token, { block: false });
    if (entry === undefined) return false;
    const { tenant, job: id } = entry.data;
    const claim = await backends.jobs.claim(tenant, id, trainer.name, at());
    const job = known.get(id);
    figures.waits.push(clock.now() - job.queuedAt);
    const place = trainer.ledger.admit({ memoryBytes: MIB, threads: job.threads });
    const run = { job, entry, token, fence: claim.fence, place, trainer, left: job.left, since: clock.now(), speed: 0 };
    trainer.runs.add(run);
    place.onShare((cores) => plan(run, cores));
    return true;
  };
  const leave = (run) => {
    run.cancel();
    settle(run);
    run.trainer.runs.delete(run);
    run.place.giveBack();
  };
  const end = async (run) => {
    leave(run);
    const model = { id: modelIdOfJob(run.fence.job), name: "simulated", dataset: parts.dataset };
    await backends.jobs.succeed(run.fence, model, {}, at());
    await run.entry.moveToCompleted(null, run.token, false);
    figures.turnarounds.push(clock.now() - run.job.at);
    await dispatch();
  };
  const handBack = async (run) => {
    leave(run);
    run.job.left = Math.max(0, run.left) + resumeSeconds;
    run.job.queuedAt = clock.now();
    figures.handedBack += 1;
    const progress = Math.max(0, 1 - run.job.left / run.job.seconds);
    await backends.jobs.progress(run.fence, { progress, metrics: {}, at: at() });
    await backends.jobs.release(run.fence, "queued", "the trainer is stopping", at());
    await run.entry.moveToWait(run.token);
  };
  /** A trainer with a free core first, then those whose jobs share theirs. */
  const dispatch = async () => {
    for (;;) {
      const free = trainers.filter(({ ready, runs }) => ready && runs.size < threads);
      free.sort((a, b) => a.ledger.used().threads - b.ledger.used().threads || a.runs.size - b.runs.size);
      if (free.length === 0 || !(await take(free[0]))) return;
    }
  };
  const resize = async (pods) => {
    while (trainers.length < pods) {
      const trainer = {
        ...{ name: `trainer-${serial++}`, ready: false, runs: new Set(), startedAt: clock.now() },
        ledger: createLedger({ memoryBytes: 1024 * MIB, threads }, 0),
      };
      trainers.push(trainer);
      clock.at(clock.now() + startSeconds, async () => {
        trainer.ready = true;
        if (trainers.includes(trainer)) await dispatch();
      });
    }
    // A ReplicaSet knows nothing of jobs: pods that are not ready go first, then the youngest.
    while (trainers.length > pods) {
      const gone = trainers.pop();
      figures.trainerSeconds += clock.now() - gone.startedAt;
      for (const run of [...gone.runs]) await handBack(run);
    }
    figures.most = Math.max(figures.most, trainers.length);
    await dispatch();
  };

  const jobs = drawJobs(load, seed);
  let ended = false;
  for (const job of jobs)
    clock.at(job.at, async () => {
      const id = createId("job", Date.UTC(2026, 0, 1) + Math.round(1000 * job.at));
      known.set(id, Object.assign(job, { left: job.seconds, queuedAt: job.at }));
      const resources = { priority: 0 };
      const wanted = { id, spec: { dataset: parts.dataset, resources }, plan: { estimatedSeconds: job.planned } };
      const { place } = await backends.jobs.create({
        ...wanted,
        tenant: job.tenant,
        createdAt: at(),
        idempotency: null,
        quota: null,
      });
      await queue.add({ tenant: job.tenant, job: id }, { place, isNew: true });
      await dispatch();
    });
  const scaler = createAutoscaler({ most, least, cooldown });
  const look = async () => {
    const seen = await readLoad(parts, trainers);
    const isActive = seen.waitingSeconds > 0 || seen.activeJobs > 0;
    await resize(scaler.next(clock.now(), trainers.length, policies[policy](seen, { target }), isActive));
    ended = clock.now() > hours * hour && !isActive;
    if (!ended) clock.at(clock.now() + (trainers.length === 0 ? kubernetes.pollEvery : kubernetes.syncEvery), look);
  };
  await resize(least);
  clock.at(0, look);
  await clock.run();
  for (const trainer of trainers) figures.trainerSeconds += clock.now() - trainer.startedAt;
  const needed = jobs.reduce((sum, job) => sum + (job.seconds * job.threads) / threads, 0);
  return {
    ...{ load, policy, target, most, least, cooldown, jobs: jobs.length },
    ...{ waits: spread(figures.waits), turnarounds: spread(figures.turnarounds) },
    jobSeconds: jobs.reduce((sum, { seconds }) => sum + seconds, 0) / jobs.length,
    trainerHours: figures.trainerSeconds / hour,
    busyShare: needed / figures.trainerSeconds,
    ...{ handedBack: figures.handedBack, mostTrainers: figures.most },
  };
};

const number = (value) => value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 1 : 0 });
const header =
  "| load, trainers | policy | seconds per trainer | least–most | cooldown, s | jobs | wait: mean, p50, p95, p99, s | submission to end: mean, p95 (alone, mean), s | trainer hours | of these at work | most at once | handed back |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";
const row = ({ waits, turnarounds, ...one }) => {
  const cells = [
    number(one.load),
    one.policy,
    number(one.target),
    `${one.least}–${one.most}`,
    number(one.cooldown),
    number(one.jobs),
  ];
  cells.push([waits.mean, waits.p50, waits.p95, waits.p99].map(number).join(", "));
  cells.push(
    `${number(turnarounds.mean)}, ${number(turnarounds.p95)} (${number(one.jobSeconds)})`,
    number(one.trainerHours),
  );
  cells.push(`${(100 * one.busyShare).toFixed(0)} %`, number(one.mostTrainers), number(one.handedBack));
  return `| ${cells.join(" | ")} |`;
};

const usual = { load: 3, policy: "work + threads in use / 4", target: 600, least: 0, most: 10, cooldown: 300 };
const questions = {
  "which numbers": Object.keys(policies).flatMap((policy) => [1, 3].map((load) => ({ ...usual, load, policy }))),
  "seconds per trainer": [30, 60, 120, 300, 600, 1200].flatMap((target) =>
    ["greater of work and active / 4", "work + threads in use / 4", "work + busy"].map((policy) => ({
      ...usual,
      policy,
      target,
    })),
  ),
  load: [0.3, 1, 3, 6, 9].map((load) => ({ ...usual, load })),
  "least and cooldown": [
    ...[60, 300, 900].map((cooldown) => ({ ...usual, load: 0.3, cooldown })),
    { ...usual, load: 0.3, least: 1 },
  ],
};

const main = async () => {
  const folder = await mkdtemp(join(tmpdir(), "descent-autoscaling-"));
  const server = await startRedis(folder);
  const env = { REDIS_URL: server.url, DATA_DIR: folder, LEASE_SECONDS: String(leaseSeconds) };
  const backends = await connectBackends(parseConfig(env), log);
  const [connection, lasting] = [
    createProducerConnection(server.url, console.error),
    createLastingConnection(server.url, console.error),
  ];
  const queue = createBullTrainingQueue({ connection, onError: console.error });
  const worker = new Worker(queueNameOf(DEFAULT_POOL), null, {
    ...{
      connection: lasting,
      prefix: QUEUE_PREFIX,
      autorun: false,
      lockDuration: 1000 * leaseSeconds,
      skipLockRenewal: true,
    },
    ...{ removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } },
  });
  const parts = { backends, queue, worker, redis: lasting, dataset: createId("ds", 0) };
  const results = {};
  try {
    for (const [name, settings] of Object.entries(questions)) {
      console.log(`\n${name}\n\n${header}`);
      results[name] = [];
      for (const setting of settings) {
        const one = await simulate(parts, { ...setting, seed: Number(values.seed) });
        results[name].push(one);
        console.log(row(one));
      }
    }
    if (values.json !== undefined) await writeFile(values.json, JSON.stringify(results));
  } finally {
    server.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
};

await main();
process.exit(0);
