// node test/load/costs.mjs [--jobs N] [--seconds N] [--jobs-per-day N] [--trainers N]
//
// What a job costs Redis and S3, counted: jobs of several kinds through the real service with a private Redis and the tests' S3 server. Then the arithmetic for many.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import { loadTypescript } from "../chaos/load-typescript.mjs";
import { startService } from "../chaos/service.mjs";

const { values } = parseArgs({
  options: {
    jobs: { type: "string", default: "10" },
    seconds: { type: "string", default: "15" },
    "jobs-per-day": { type: "string", default: "1000000" },
    trainers: { type: "string", default: "10000" },
  },
});
const [jobs, seconds, perDay, trainers] = ["jobs", "seconds", "jobs-per-day", "trainers"].map((name) =>
  Number(values[name]),
);

/** Assumed list prices in US dollars: a bucket's and a managed Redis's in us-east-1, one processor of a compute instance. */
const price = { put: 0.005 / 1000, get: 0.0004 / 1000, gibMonth: 0.023, redisGibHour: 0.0166, coreHour: 0.0363 };
const GIB = 1024 ** 3;
const species = { type: "classification", label: "species" };
const training = { seed: 1 };
const kinds = {
  "linear, diabetes": ["diabetes", { task: { type: "regression", label: "progression" }, model: { type: "linear" } }],
  "softmax, iris": ["iris", { task: species, model: { type: "softmax" }, training }],
  "MLP of the defaults, iris": ["iris", { task: species, training }],
  "MLP, 5 folds, iris": [
    "iris",
    { task: species, training: { ...training, epochs: 20, crossValidation: { folds: 5 } } },
  ],
  "k-means, iris": ["iris", { task: { type: "clustering" }, model: { type: "k_means", clusters: 3 } }],
};

/** What this command asks by itself. */
const own = new Set(["info", "memory|usage", "scan", "dbsize"]);

const startCounted = async (folder, workers, { startS3Stub, stubSettings }) => {
  const stub = await startS3Stub({ pageSize: 1000 });
  const s3 = { put: 0, get: 0, delete: 0, putBytes: 0, getBytes: 0 };
  stub.fault = ({ method, key, query, headers }) => {
    const isGet = (method === "GET" && key !== "") || method === "HEAD";
    if (method === "DELETE") s3.delete += 1;
    else s3[isGet ? "get" : "put"] += 1; // A listing costs what a PUT does.
    if (method === "PUT") s3.putBytes += Number(headers["content-length"]);
    if (method === "GET" && key !== "" && !query.has("uploads")) {
      const length = stub.objects.get(key)?.body.length ?? 0;
      const [, from = "0", last = ""] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? [];
      s3.getBytes += Math.max(0, Math.min(length, last === "" ? length : Number(last) + 1) - Number(from));
    }
    return null;
  };
  const settings = { workers, leaseSeconds: 10, checkpointSeconds: 10, env: stubSettings(stub) };
  const service = await startService(folder, settings);
  const redis = new Redis(join(folder, "redis", "redis.sock"));

  const keptBytes = async () => {
    const byName = {};
    for await (const keys of redis.scanStream({ count: 1000 }))
      for (const key of new Set(keys)) {
        byName[key] = (await redis.memory("USAGE", key, "SAMPLES", 0)) ?? 0;
      }
    return byName;
  };
  const counts = async () => {
    const [commands, cpu, stats] = [
      await redis.info("commandstats"),
      await redis.info("cpu"),
      await redis.info("stats"),
    ];
    const calls = [...commands.matchAll(/^cmdstat_(\S+):calls=(\d+)/gm)].filter(([, name]) => !own.has(name));
    const number = (text, name) => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(text)[1]);
    return {
      commands: calls.reduce((sum, [, , count]) => sum + Number(count), 0),
      scripts: calls.reduce((sum, [, name, count]) => sum + (/^eval/.test(name) ? Number(count) : 0), 0),
      redisMs: 1000 * (number(cpu, "used_cpu_user") + number(cpu, "used_cpu_sys")),
      netBytes: number(stats, "total_net_input_bytes") + number(stats, "total_net_output_bytes"),
      ...s3,
      seconds: performance.now() / 1000,
    };
  };
  const stop = async () => {
    redis.disconnect();
    await service.stop();
    await stub.close();
  };
  return { url: service.url, stub, counts, keys: () => redis.dbsize(), keptBytes, stop };
};

const difference = (after, before) =>
  Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]]));
const scaled = (figures, factor) => Object.fromEntries(Object.entries(figures).map(([name, x]) => [name, x * factor]));
const total = (bytes) => Object.values(bytes).reduce((sum, x) => sum + x, 0);

/** What goes by in a second while `seconds` pass. */
const rateOf = async ({ counts }) => {
  const before = await counts();
  await delay(seconds * 1000);
  const passed = difference(await counts(), before);
  return scaled(passed, 1 / passed.seconds);
};

const ask = async (url, body, type = "application/json") => {
  const init = { method: "POST", headers: { "content-type": type }, body };
  const response = await fetch(url, body === undefined ? {} : init);
  const answer = await response.json();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
};
const finished = async (url, id) => {
  for (;;) {
    const job = await ask(`${url}/v1/jobs/${id}?wait=30`);
    if (job.state === "succeeded") return job;
    if (job.done) throw new Error(`${id} ${job.state}: ${JSON.stringify(job.error)}`);
  }
};

/** Until what Redis keeps does not change any more: a curve is packed after its job's end. */
const settled = async ({ keys }) => {
  for (let [last, same] = [-1, 0]; same < 3; ) {
    await delay(500);
    const now = await keys();
    same = now === last ? same + 1 : 0;
    last = now;
  }
};

const measureKind = async (service, spec, idle) => {
  const { url, counts, keptBytes, stub } = service;
  const run = async () => finished(url, (await ask(`${url}/v1/jobs`, JSON.stringify(spec))).id);
  await run(); // its trainer fetches the data set, and Redis the scripts
  await settled(service);
  const storedBytes = () => [...stub.objects.values()].reduce((sum, { body }) => sum + body.length, 0);
  const [kept, stored, before] = [total(await keptBytes()), storedBytes(), await counts()];
  for (let i = 0; i < jobs; i++) await run();
  await settled(service);
  const passed = difference(await counts(), before);
  const caused = difference(passed, scaled(idle, passed.seconds));
  return {
    ...scaled(caused, 1 / jobs),
    keptBytes: (total(await keptBytes()) - kept) / jobs,
    storedBytes: (storedBytes() - stored) / jobs,
  };
};

const measureRunning = async (service, dataset, hidden, idle) => {
  const task = { type: "classification", label: "digit" };
  const model = { type: "mlp", hidden };
  const spec = { dataset, task, model, training: { epochs: 100_000, earlyStopping: false } };
  const { id } = await ask(`${service.url}/v1/jobs`, JSON.stringify(spec));
  while ((await ask(`${service.url}/v1/jobs/${id}`)).state !== "running") await delay(50);
  const rate = difference(await rateOf(service), idle);
  await ask(`${service.url}/v1/jobs/${id}/cancel`, "{}");
  return rate;
};

const fixed = (x, digits) => (Number(x.toFixed(digits)) + 0).toFixed(digits);
const whole = (x) => Math.round(x).toLocaleString("en-US");
const row = (...cells) => console.log(`| ${cells.join(" | ")} |`);
const table = (head, rows) => {
  row(...head);
  row(...head.map(() => "---"));
  for (const cells of rows) row(...cells);
  console.log();
};

const measure = async (folder) => {
  const tests = await loadTypescript("/test/conformance/s3-stub.ts");
  const crowd = await startCounted(join(folder, "b"), 4, tests);
  const four = await rateOf(crowd).finally(crowd.stop);
  const service = await startCounted(join(folder, "a"), 1, tests);
  try {
    const idle = await rateOf(service);
    const trainer = scaled(difference(four, idle), 1 / 3);
    const datasets = {};
    for (const name of ["iris", "diabetes", "digits"]) {
      const csv = await readFile(new URL(`../data/${name}.csv`, import.meta.url));
      datasets[name] = (await ask(`${service.url}/v1/datasets?name=${name}`, csv, "text/csv")).id;
    }
    const byKind = {};
    for (const [kind, [name, spec]] of Object.entries(kinds))
      byKind[kind] = await measureKind(service, { dataset: datasets[name], ...spec }, idle);
    const short = await measureRunning(service, datasets.digits, [64], idle);
    const long = await measureRunning(service, datasets.digits, [2048, 2048], idle);
    return { idle, trainer, byKind, short, long };
  } finally {
    await service.stop();
  }
};

const folder = await mkdtemp(join(tmpdir(), "costs-"));
try {
  const { idle, trainer, byKind, short, long } = await measure(folder);
  const of = Object.values(byKind);
  const mean = Object.fromEntries(
    Object.keys(of[0]).map((name) => [name, of.reduce((sum, each) => sum + each[name], 0) / of.length]),
  );
  const counted = (name, x) => [
    ...[name, whole(x.commands), whole(x.scripts), fixed(x.redisMs, 1), whole(x.netBytes / 1000)],
    ...[fixed(x.keptBytes / 1000, 1), fixed(x.put, 1), fixed(x.get, 1), fixed(x.delete, 1)],
    ...[fixed(x.putBytes / 1000, 1), fixed(x.getBytes / 1000, 1), fixed(x.storedBytes / 1000, 1)],
  ];
  console.log(`${jobs} jobs of each kind, load ${loadavg()[0].toFixed(0)}\n`);
  table(
    ["a job", "commands", "scripts", "Redis, ms", "Redis network, kB", "kept in Redis, kB"].concat([
      "S3 PUT, POST, LIST",
      "GET, HEAD",
      "DELETE",
      "sent, kB",
      "fetched, kB",
      "kept in S3, kB",
    ]),
    [...Object.entries(byKind).map(([name, x]) => counted(name, x)), counted("mean", mean)],
  );
  const rate = (name, x) => [
    ...[name, fixed(x.commands, 2), fixed(x.scripts, 2), fixed(x.redisMs, 2)],
    ...[fixed(x.netBytes / 1000, 2), fixed(x.put + x.get + x.delete, 3)],
  ];
  table(
    ["a second", "commands", "scripts", "Redis, ms", "Redis network, kB", "S3 requests"],
    [
      rate("an API and a trainer, idle", idle),
      rate("each further trainer, idle", trainer),
      rate("beside that, a job of long epochs", long),
      rate("or of short epochs", short),
    ],
  );

  const perSecond = perDay / 86_400;
  const load = (name) => [
    perSecond * mean[name],
    trainers * trainer[name],
    trainers * long[name],
    trainers * short[name],
  ];
  const [commands, ms, net] = ["commands", "redisMs", "netBytes"].map(load);
  const dollars = {
    "S3 requests": mean.put * price.put + mean.get * price.get,
    "S3, kept for a month": (mean.storedBytes / GIB) * price.gibMonth,
    "Redis's memory, kept for a day": (mean.keptBytes / GIB) * price.redisGibHour * 24,
    "trainers, one core each, busy or not": (trainers * price.coreHour * 24) / perDay,
  };
  table(
    [
      `${whole(perDay)} jobs a day, ${whole(trainers)} trainers`,
      "jobs",
      "idle trainers",
      "long epochs on all trainers",
      "short epochs on all",
    ],
    [
      ["commands of Redis a second", ...commands.map(whole)],
      ["Redis's cores", ...ms.map((x) => fixed(x / 1000, 2))],
      ["Redis's network, MB/s", ...net.map((x) => fixed(x / 1e6, 1))],
    ],
  );
  table(
    ["dollars", "a job", "a day"],
    Object.entries(dollars).map(([name, x]) => [name, x.toExponential(2), whole(x * perDay)]),
  );
  console.log(
    `Redis grows by ${fixed((mean.keptBytes * perDay) / GIB, 1)} GiB a day, S3 by ${fixed((mean.storedBytes * perDay) / GIB, 1)}.`,
  );
  console.log(`S3: ${fixed(mean.put * perSecond, 0)} PUT and ${fixed(mean.get * perSecond, 0)} GET a second.`);
  console.log(
    `A core of Redis is used up by ${whole(1000 / trainer.redisMs)} idle trainers alone, by ${whole(1000 / (trainer.redisMs + long.redisMs))} with jobs of long epochs, or by ${whole(1000 / mean.redisMs)} jobs a second.`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
