// node test/load/size/size.mjs [--tenants 1000] [--jobs 100000] [--trainers 200] [--job-seconds 4] [--seconds 90] [--curves tenants,jobs,trainers] [--json FILE]
//
// Many tenants, waiting jobs and trainers on the real API, queue, records and Redis; trainers are simulated. Who waits for how long, what a request takes, what Redis holds and
// does. With --curves each of those named grows by itself, the others small.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { quantile } from "../../chaos/quantile.mjs";
import { asker, patiently, specOf, startMeasured } from "./measured-service.mjs";

const { values } = parseArgs({
  options: {
    tenants: { type: "string", default: "1000" },
    jobs: { type: "string", default: "100000" },
    trainers: { type: "string", default: "200" },
    "job-seconds": { type: "string", default: "4" },
    seconds: { type: "string", default: "90" },
    curves: { type: "string" },
    json: { type: "string" },
  },
});

/** What is asked of the API meanwhile, a second, each at its time whatever the answers do. */
const asked = { submit: 5, poll: 20, list: 2 };
const heavyShare = 0.5;
const newcomers = 500;

const spread = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95), most: sorted.at(-1) };
};

/** Asks at the rates for so many seconds. Each submission is of a tenant that has nothing else; whoever runs out of them begins again. */
const askMeanwhile = async (service, { light, fresh, known, seconds }) => {
  const ask = asker(service.url);
  const body = JSON.stringify(specOf(service.example.dataset));
  const ms = { submit: [], poll: [], list: [] };
  const submitted = [];
  const failures = [];
  const kinds = {
    submit: async (i) => {
      const tenant = fresh[i % fresh.length];
      submitted.push({ tenant, id: (await ask(tenant, "/v1/jobs", body)).id });
    },
    poll: async (i) => void (await ask(known[i % known.length].tenant, `/v1/jobs/${known[i % known.length].id}`)),
    list: async (i) => void (await ask(light[i % light.length], "/v1/jobs?pageSize=20")),
  };
  const startMs = performance.now();
  const open = [];
  const timers = Object.entries(asked).map(async ([kind, rate]) => {
    for (let i = 0; i < rate * seconds; i++) {
      const dueMs = startMs + (1000 * i) / rate;
      await delay(Math.max(0, dueMs - performance.now()));
      const done = kinds[kind](i).then(
        () => ms[kind].push(performance.now() - dueMs),
        (error) => failures.push(String(error)),
      );
      open.push(done);
    }
  });
  await Promise.all(timers);
  await Promise.all(open);
  return { ms, submitted, failures };
};

const startedMs = ({ startedAt, createdAt }) =>
  startedAt === null ? null : Date.parse(startedAt) - Date.parse(createdAt);

/** How many jobs of each tenant were taken up, and Jain's index of them: 1 where all have the same. */
const servedOf = async ({ backends }, tenants) => {
  const counts = [];
  for (const tenant of tenants) {
    const { counts: of } = await patiently(() => backends.jobs.glance(tenant, 1));
    counts.push(of.running + of.succeeded);
  }
  const sum = counts.reduce((total, count) => total + count, 0);
  const squares = counts.reduce((total, count) => total + count * count, 0);
  return { counts, jain: sum === 0 ? 1 : sum ** 2 / (counts.length * squares) };
};

const waitsOf = async ({ backends }, jobs) => {
  const found = await Promise.all(jobs.map(({ tenant, id }) => patiently(() => backends.jobs.get(tenant, id))));
  const waits = found.map(startedMs);
  return { started: waits.filter((wait) => wait !== null).map((wait) => wait / 1000), of: waits.length };
};

/** One measurement: fills the queue, starts the trainers, asks. */
const measure = async ({ tenants, jobs, trainers, jobSeconds, seconds }) => {
  const folder = await mkdtemp(join(tmpdir(), "descent-size-"));
  const names = Array.from({ length: tenants }, (_, i) => `t${i}`);
  const fresh = Array.from({ length: Math.min(newcomers, Math.ceil(asked.submit * seconds)) }, (_, i) => `new${i}`);
  const service = await startMeasured(folder, [...names, ...fresh]);
  try {
    const [heavy, ...light] = names;
    const before = await service.info();
    const fillMs = performance.now();
    const ofHeavy = light.length === 0 ? jobs : Math.round(jobs * heavyShare);
    await service.fill(heavy, ofHeavy);
    for (const [i, tenant] of light.entries()) {
      const share = (jobs - ofHeavy) / light.length;
      await service.fill(tenant, Math.round((i + 1) * share) - Math.round(i * share));
    }
    const filled = await service.info();
    const fillSeconds = (performance.now() - fillMs) / 1000;
    const newest = { pageSize: 1, pageToken: null };
    const looks = names.slice(0, 50).map(async (tenant) => {
      const { items } = await patiently(() => service.backends.jobs.list(tenant, newest, null));
      return items.map(({ id }) => ({ tenant, id }));
    });
    const known = (await Promise.all(looks)).flat();
    // The first of a kind waits for a thread and compilers.
    await askMeanwhile(service, { light: names, fresh: fresh.slice(0, 1), known, seconds: 2 });
    const group = await service.startTrainers(trainers, jobSeconds * 1000);
    await delay(Math.min(5000, 1500 * jobSeconds)); // until all have one
    const [simulatedBefore, used] = [await group.used(), await service.usage()];
    const answers = await askMeanwhile(service, { light: names, fresh, known, seconds });
    const [after, simulatedAfter] = [await service.usage(), await group.used()];
    const took = used.waiting + answers.submitted.length - after.waiting;
    const passed = (after.atMs - used.atMs) / 1000;
    const served = await servedOf(service, names);
    const waits = await waitsOf(service, answers.submitted);
    await group.stop();
    const perSecond = (of) => (after[of] - used[of]) / passed;
    return {
      ...{ tenants, jobs, trainers, jobSeconds, seconds: passed, load: loadavg()[0], fillSeconds },
      bytesPerJob: (filled.bytes - before.bytes) / jobs,
      redisBytes: filled.bytes,
      jobsPerSecond: took / passed,
      idealPerSecond: trainers / jobSeconds,
      redisCores: perSecond("mainSeconds"),
      redisCommands: perSecond("commands"),
      apiCores: perSecond("apiSeconds"),
      trainersCores: (simulatedAfter - simulatedBefore) / passed,
      ms: Object.fromEntries(Object.entries(answers.ms).map(([kind, each]) => [kind, spread(each)])),
      failures: answers.failures.length,
      ...(answers.failures.length === 0 ? {} : { firstFailure: answers.failures[0] }),
      heavyServed: served.counts[0],
      lightServed: light.length === 0 ? null : spread(served.counts.slice(1)),
      jain: served.jain,
      newcomers: { submitted: waits.of, started: waits.started.length, seconds: spread(waits.started) },
    };
  } finally {
    await service.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
};

const number = (value, digits = 1) =>
  value === undefined ? "–" : value.toLocaleString("en-US", { maximumFractionDigits: digits });
const header =
  "| tenants | jobs | trainers | a job, s | taken up a second, of | Redis: kB a job, GiB | Redis's thread, ms a second | a job, ms | API, ms a second | trainers' processes | submit p50, p95, ms | poll | list | newcomers' wait p50, p95, s | Jain | load |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";
const row = (one) => {
  const pair = ({ p50, p95 }) => `${number(p50)}, ${number(p95)}`;
  const cells = [
    ...[number(one.tenants), number(one.jobs), number(one.trainers), number(one.jobSeconds)],
    `${number(one.jobsPerSecond)}, ${number(one.idealPerSecond)}`,
    `${number(one.bytesPerJob / 1000, 2)}, ${number(one.redisBytes / 2 ** 30, 2)}`,
    ...[number(1000 * one.redisCores, 0), number((1000 * one.redisCores) / one.jobsPerSecond)],
    ...[number(1000 * one.apiCores, 0), number(1000 * one.trainersCores, 0)],
    ...[pair(one.ms.submit), pair(one.ms.poll), pair(one.ms.list)],
    `${pair(one.newcomers.seconds)} (${one.newcomers.started} of ${one.newcomers.submitted})`,
    ...[number(one.jain, 3), number(one.load, 0)],
  ];
  return `| ${cells.join(" | ")} |`;
};

const small = { tenants: 100, jobs: 5000, trainers: 25, jobSeconds: 2, seconds: 15 };
const curves = {
  tenants: [10, 100, 1000, 3000].map((tenants) => ({ ...small, tenants })),
  jobs: [1000, 10_000, 40_000].map((jobs) => ({ ...small, jobs })),
  trainers: [25, 50, 100, 200, 400].map((trainers) => ({ ...small, jobs: 10_000, trainers })),
};

const main = async () => {
  const results = {};
  const orders = values.curves
    ? Object.fromEntries(values.curves.split(",").map((name) => [name, curves[name]]))
    : {
        whole: [
          {
            ...{ tenants: Number(values.tenants), jobs: Number(values.jobs), trainers: Number(values.trainers) },
            ...{ jobSeconds: Number(values["job-seconds"]), seconds: Number(values.seconds) },
          },
        ],
      };
  for (const [name, each] of Object.entries(orders)) {
    console.log(`\n${name}\n\n${header}`);
    results[name] = [];
    for (const order of each) {
      const one = await measure(order);
      results[name].push(one);
      console.log(row(one));
      if (one.failures > 0) console.log(`${one.failures} requests failed, first: ${one.firstFailure}`);
    }
  }
  if (!values.curves) console.log(JSON.stringify(results.whole[0], null, 2));
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify(results));
};

await main();
process.exit(0);
