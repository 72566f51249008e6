// npm run load -- [--seconds N] [--factor F] [--connections C] [--seed S] [--compare-seconds T] [--json]
//
// With --seconds 0 only the comparison is made.
//
// Runs the real service in a temporary folder and asks for F times what it can serve, for N seconds, at a fixed pace whatever it answers
// (open loop). Meanwhile another process looks at its health and memory; afterwards every acknowledged job must be there. Before that,
// submissions and status polls a second next to a bare Fastify with BullMQ, taking turns. Exit code 1 if a promise was broken.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createClient } from "../chaos/client.mjs";
import { startService } from "../chaos/service.mjs";
import { compare } from "./compare.mjs";
import { generate, startBareServer, watch } from "./processes.mjs";
import { comparedText, isKept, judge, toText } from "./verdict.mjs";

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    factor: { type: "string", default: "5" },
    connections: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    "compare-seconds": { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  },
});
const [seconds, factor, connections, seed] = ["seconds", "factor", "connections", "seed"].map((name) =>
  Number(options[name]),
);
const comparedSeconds = Number(options["compare-seconds"]);
const rounds = 4;
const capacitySeconds = Math.min(10, Math.max(3, seconds / 6));
const servingConnections = 32;
const batchJobs = 100;

const json = { "content-type": "application/json" };
const say = (text) => void (options.json || process.stdout.write(`${text}\n`));
const iris = await readFile(new URL("../data/iris.csv", import.meta.url), "utf8");

const specOf = (dataset) => ({
  ...{ dataset, name: "load", task: { type: "classification", label: "species" } },
  model: { type: "softmax" },
  training: { epochs: 2 },
});

/** What is asked for, by its share of all requests. */
const createKinds = ({ dataset, job, model }) => {
  const spec = JSON.stringify(specOf(dataset));
  const row = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
  return [
    { name: "poll", share: 60, path: `/v1/jobs/${job}` },
    { name: "submit", share: 20, method: "POST", path: "/v1/jobs", headers: json, body: spec },
    { name: "validate", share: 5, method: "POST", path: "/v1/jobs?validateOnly=true", headers: json, body: spec },
    {
      ...{ name: "predict", share: 10, method: "POST", path: `/v1/models/${model}/predict` },
      ...{ headers: json, body: JSON.stringify({ rows: [row] }) },
    },
    { name: "list", share: 3, path: "/v1/jobs?pageSize=20" },
    {
      ...{ name: "upload", share: 2, method: "POST", path: "/v1/datasets?name=load" },
      ...{ headers: { "content-type": "text/csv" }, body: iris },
    },
  ];
};

const startIn = async (folder, name, workers) =>
  startService(join(folder, name), { workers, leaseSeconds: 10, checkpointSeconds: 10 });

const runComparison = async (folder) => {
  const [service, bare] = [await startIn(folder, "compared", 0), await startBareServer(join(folder, "bare"))];
  try {
    const { id: dataset } = await createClient(service.url).upload(iris);
    const body = JSON.stringify(specOf(dataset));
    const post = { method: "POST", headers: json, body };
    const sideOf = (url, pid, base) => ({
      ...{ url, pid, submit: { ...post, path: base }, pollOf: (id) => ({ method: "GET", path: `${base}/${id}` }) },
      another: (n) => JSON.stringify({ ...specOf(dataset), training: { epochs: 2 + (n % 90_000) } }),
    });
    const jobs = Array.from({ length: batchJobs }, () => specOf(dataset));
    const batch = { ...post, path: "/v1/jobs/batch", body: JSON.stringify({ jobs }) };
    const sides = {
      descent: { ...sideOf(service.url, service.alive("api")[0], "/v1/jobs"), batch, batchJobs },
      bare: sideOf(bare.url, bare.pid, "/jobs"),
    };
    return await compare(sides, { seconds: comparedSeconds, rounds });
  } finally {
    await Promise.all([service.stop(), bare.stop()]);
  }
};

const countMissing = async (client, ids) => {
  const known = new Set((await client.all("/v1/jobs")).map(({ id }) => id));
  return ids.filter((id) => !known.has(id));
};

const runOverload = async (folder) => {
  const service = await startIn(folder, "overloaded", 1);
  try {
    const [client, { url }] = [createClient(service.url), service];
    const { id: dataset } = await client.upload(iris);
    const { id: job } = await client.submit(specOf(dataset), "load");
    const { model } = await client.finished(job);
    const kinds = createKinds({ dataset, job, model });
    const order = { url, kinds, seed };
    await generate({ ...order, seconds: 2, connections: servingConnections });
    const served = await generate({ ...order, seconds: capacitySeconds, connections: servingConnections });
    const capacity = served.servedMs.length / served.seconds;
    say(`it serves ${Math.round(capacity)} requests a second; asking for ${Math.round(factor * capacity)} now`);
    const pids = { api: service.alive("api")[0], redis: await service.redisPid() };
    const stopWatching = watch(url, pids);
    const asked = await generate({ ...order, seconds, connections, rate: factor * capacity });
    const watched = await stopWatching();
    const sameProcess = service.alive("api")[0] === pids.api;
    const lost = await countMissing(client, [...served.acknowledged, ...asked.acknowledged]);
    return { capacity, served, asked, watched, lost, sameProcess };
  } finally {
    await service.stop();
  }
};

const main = async () => {
  const folder = await mkdtemp(join(tmpdir(), "descent-load-"));
  try {
    // What else the machine does: the times below are no better than what is left of it.
    const [loadBefore] = loadavg();
    const compared = comparedSeconds > 0 ? await runComparison(folder) : [];
    const machine = { cores: availableParallelism(), node: process.version, loadBefore };
    if (seconds === 0) {
      process.stdout.write(options.json ? `${JSON.stringify({ machine, compared })}\n` : `${comparedText(compared)}\n`);
      return 0;
    }
    const verdict = { machine, factor, ...judge(await runOverload(folder)), compared };
    const kept = isKept(verdict);
    process.stdout.write(options.json ? `${JSON.stringify({ ...verdict, kept })}\n` : toText(verdict));
    say(kept ? "\nEvery promise was kept." : "\nA promise was broken.");
    return kept ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
};

process.exit(await main());
