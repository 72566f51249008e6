// npm run upgrade -- --from COMMIT | --old FOLDER
//
// An upgrade without a pause, as docs/upgrading.md tells it: API and trainer of an earlier version, built from COMMIT in a clone or already in FOLDER, then those of
// this one beside them on the same Redis and the same artifacts, then this one alone. Jobs that the earlier version planned are finished by this one; both trainers
// take from one queue. The same specification is to have the same weights, whoever planned, began and ended it. Prints a table in Markdown; exit code 1 if a row
// says no. Needs redis-server.
import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { createAsker, createNotes, root, seconds, statusAt, until } from "../docker/trying.mjs";
import { endTogether } from "./end-together.mjs";
import { freePort, withoutSettings } from "./service.mjs";
import { twoClasses } from "./two-classes.mjs";

const { values: options } = parseArgs({ options: { from: { type: "string" }, old: { type: "string" } } });
if ((options.from === undefined) === (options.old === undefined))
  throw new Error("name the earlier version: --from COMMIT, or --old FOLDER with a build of it");

const WITHIN_MS = 600_000;
const folder = await mkdtemp(join(tmpdir(), "descent-upgrade-"));
const { note, tell } = createNotes();
const say = (text) => process.stderr.write(`${text}\n`);

const buildOld = () => {
  const clone = join(folder, "old");
  const run = (program, ...args) => execFileSync(program, args, { cwd: clone, stdio: ["ignore", 2, 2] });
  execFileSync("git", ["clone", "--quiet", "--shared", root, clone], { stdio: ["ignore", 2, 2] });
  run("git", "checkout", "--quiet", options.from);
  run("npm", "ci", "--prefer-offline", "--no-audit", "--no-fund");
  run("npm", "run", "--silent", "build");
  return clone;
};

const ended = (child) =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", resolve);
  });
const stop = async (child) => {
  child.kill("SIGTERM");
  await ended(child);
};
const started = [];
const begin = (program, args, env = {}) => {
  const child = spawn(program, args, {
    env: { ...withoutSettings(), ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  started.push(child);
  return endTogether(child);
};

const startRedis = async () => {
  const port = await freePort();
  const settings = {
    port,
    dir: folder,
    appendonly: "yes",
    appendfsync: "always",
    save: "",
    "maxmemory-policy": "noeviction",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  begin("redis-server", args).stderr.resume();
  return `redis://127.0.0.1:${port}`;
};

/** One part of a version; resolves once it says that it is ready, to its process and what it said then. */
const startPart = (version, role, env = {}) =>
  new Promise((resolve, reject) => {
    const child = begin(process.execPath, [join(version, "dist/src/main.js"), `--role=${role}`], {
      ...{ ...shared, LOG_LEVEL: "info", DRAIN_SECONDS: "20", LEASE_SECONDS: "15", CHECKPOINT_SECONDS: "1" },
      ...{ TRAINER_THREADS: "2", ...env },
    });
    const lines = [];
    createInterface({ input: child.stderr }).on("line", (line) => {
      lines.push(line);
      if (line.includes(`"${role} ready"`)) resolve({ child, ready: JSON.parse(line) });
    });
    child.once("exit", (code) => reject(new Error(`${role}: ended with ${code}: ${lines.at(-1)}`)));
  });

const startApi = async (version) => {
  const [port, grpcPort] = [await freePort(), await freePort()];
  const { child } = await startPart(version, "api", { PORT: String(port), GRPC_PORT: String(grpcPort) });
  const url = `http://127.0.0.1:${port}`;
  await until(`${url}/readyz`, async () => (await statusAt(url, "/readyz")) === 200);
  return { child, ...createAsker(url, "", WITHIN_MS) };
};

const shared = { DATA_DIR: folder, ARTIFACT_URL: `file://${join(folder, "artifacts")}` };
const task = { type: "classification", label: "label" };
const long = {
  ...{ task, resources: { threads: 1 } },
  model: { type: "mlp", hidden: [64, 64], activation: "relu", dropout: 0.1 },
  training: { epochs: 20_000, batchSize: 32, seed: 100 },
};
const short = { ...long, training: { ...long.training, epochs: 300 } };
const takers = ({ history }) =>
  history.filter(({ state }) => state === "running").map(({ reason }) => reason.replace("taken up by ", ""));

const upgrade = async (old) => {
  shared.REDIS_URL = await startRedis();
  const before = await startApi(old);
  const oldTrainer = await startPart(old, "trainer");
  const { id: dataset } = await before.request("/v1/datasets?name=classes", twoClasses(), "text/csv");
  const submit = async (api, spec, body = {}) => (await api.request("/v1/jobs", { dataset, ...spec, ...body })).id;
  const jobOf = (api, id) => api.request(`/v1/jobs/${id}`);
  const done = (api, id) => api.finished(`/v1/jobs/${id}`);
  const [longest, shortest] = [
    await done(before, await submit(before, long)),
    await done(before, await submit(before, short)),
  ];
  const [ofLong, ofShort] = [await before.digestOf(longest), await before.digestOf(shortest)];
  const running = await submit(before, long);
  const paused = await submit(before, short);
  await before.request(`/v1/jobs/${paused}/pause`, {});
  const waiting = [await submit(before, short), await submit(before, short)];
  await until("a checkpoint", async () => {
    const { items } = await before.request(`/v1/jobs/${running}/events?limit=1000`);
    return items.some(({ type }) => type === "checkpoint");
  });

  const after = await startApi(root);
  const records = ["model", "job"].map((kind) =>
    kind === "model" ? `/v1/models/${longest.model}` : `/v1/jobs/${longest.id}`,
  );
  const same = await Promise.all(
    records.map(
      async (path) => JSON.stringify(await before.request(path)) === JSON.stringify(await after.request(path)),
    ),
  );
  note("the new API reads job and model of the earlier one as they are", same.every(Boolean));
  const points = (api) => api.request(`/v1/jobs/${longest.id}/metrics?limit=1000`);
  note("and the curve", JSON.stringify(await points(before)) === JSON.stringify(await points(after)));
  const byNew = await submit(after, short);
  const newTrainer = await startPart(root, "trainer");
  const mixed = await Promise.all([byNew, ...waiting].map((id) => done(after, id)));
  const digests = await Promise.all(mixed.map(after.digestOf));
  note(
    "jobs that waited when the new trainer came, and one that the new API planned: the same weights",
    digests.every((digest) => digest === ofShort),
    `${digests.length} jobs`,
  );

  // Whoever has a thread takes the next, whichever version planned it: so many until both have.
  const byTrainer = new Map();
  const many = [];
  await until("both trainers take from the queue", async () => {
    const ids = await Promise.all([before, after, before, after].map((api) => submit(api, short)));
    const ends = await Promise.all(ids.map((id) => done(after, id)));
    many.push(...(await Promise.all(ends.map(after.digestOf))));
    for (const [taker] of ends.map(takers)) byTrainer.set(taker, (byTrainer.get(taker) ?? 0) + 1);
    return byTrainer.size === 2;
  });
  note(
    "both trainers take from the one queue what both APIs plan, with the same weights",
    many.every((digest) => digest === ofShort),
    `${[...byTrainer.values()].join(" and ")} jobs`,
  );

  const handed = await jobOf(after, running);
  const begun = performance.now();
  await stop(oldTrainer.child);
  const took = performance.now() - begun;
  const finished = await done(after, running);
  const [first, second] = takers(finished);
  note(
    "the earlier trainer is told to stop in a job: the new one finishes it, with the same weights",
    (await after.digestOf(finished)) === ofLong && second !== undefined && first !== second,
    `at ${Math.round(100 * handed.progress)} %; stopped in ${seconds(took)}; ${finished.history.map(({ state, reason }) => `${state}: ${reason}`).join("; ")}`,
  );
  await stop(before.child);
  await after.request(`/v1/jobs/${paused}/resume`, {});
  const resumed = await done(after, paused);
  note(
    "the earlier API is gone: a job that it paused is resumed and finished",
    (await after.digestOf(resumed)) === ofShort,
  );
  await stop(newTrainer.child);
  await stop(after.child);
};

try {
  const old = options.old ?? buildOld();
  say(`the earlier version is in ${old}`);
  await upgrade(old);
} catch (error) {
  note("to the end", false, error.message);
} finally {
  for (const child of started.reverse()) await stop(child);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
tell();
