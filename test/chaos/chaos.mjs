// npm run chaos -- [--seed N] [--rounds M] [--seeds K] [--results FILE] [--minutes T] [--workers W] [--machines M] [--only TEXT] [--keep]
//
// Runs the real service in a temporary folder and, round by round, submits jobs and lets something go wrong at a random moment: trainers,
// their engine threads, Redis and the API are killed, frozen, hung and told to stop. Prints what became of every job and how long recovering took. Exit code 1 if a
// promise was broken: a job lost, failed or committed twice, or weights that differ from those of an uninterrupted run. The seed repeats
// the choices; what they meet depends on the machine's timing. Without one it is a new one each time. With --seeds, K seeds from N on run
// one after the other, each with a service of its own; what came of each is kept in FILE, and a seed that is in it is not run again. With
// --machines there are so many trainers, each in a network namespace of its own, a Redis behind Sentinels and a bucket, and networks, masters and the bucket fail too.
import { randomInt, randomUUID } from "node:crypto";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createClient } from "./client.mjs";
import { cleanAtEnd } from "./end-together.mjs";
import { faults } from "./faults.mjs";
import { machineFaults } from "./machine-faults.mjs";
import { createMachines, runInNamespace } from "./namespaces.mjs";
import { startOnMachines } from "./on-machines.mjs";
import { createRandom } from "./random.mjs";
import { startService } from "./service.mjs";
import { twoClasses } from "./two-classes.mjs";
import { isKept, judge, recoveryTimes, toSeedsTable, toTables } from "./verdict.mjs";

const { values: options } = parseArgs({
  options: {
    seed: { type: "string", default: String(randomInt(1, 1_000_000)) },
    seeds: { type: "string", default: "1" },
    results: { type: "string", default: "" },
    rounds: { type: "string", default: "20" },
    minutes: { type: "string", default: "15" },
    workers: { type: "string", default: "2" },
    machines: { type: "string", default: "0" },
    only: { type: "string", default: "" },
    keep: { type: "boolean", default: false },
  },
});

const engineFault = new URL("./engine-fault.mjs", import.meta.url).href;
const LEASE_SECONDS = 3;
/** A busy machine may need seconds to start a thread. */
const HEARTBEAT_SECONDS = 6;
const CHECKPOINT_SECONDS = 0.2;
const MOST_PENDING = 4;
/** What is acknowledged in the last round may wait for those before it, on a busy machine for long. */
const END_MS = 300_000;
const VARIANTS = 4;
/** So long should a job take alone: shorter, faults mostly find nothing under way. */
const JOB_SECONDS = 3;
const FEWEST_EPOCHS = 2000;
const MOST_EPOCHS = 10_000;

const specOf = (dataset, variant, epochs) => ({
  ...{ dataset, name: `chaos ${variant}`, task: { type: "classification", label: "label" } },
  model: { type: "mlp", hidden: [64, 64], activation: "relu", dropout: 0.1 },
  training: { epochs, batchSize: 32, seed: 100 + variant },
  resources: { threads: 1 + (variant % 2) },
});

const kinds = (Number(options.machines) > 0 ? [...faults, ...machineFaults] : faults).filter(({ name }) =>
  name.includes(options.only),
);

const say = (text) => process.stdout.write(`${text}\n`);

/** One job from its submission to its end, now and then with a request on the way. Writes what it learns into `entry`. */
const follow = async ({ client, pending, random, dataset, epochs }, entry) => {
  const request = random.weighted([
    { name: "none", weight: 8 },
    { name: "pause", weight: 1.5 },
    { name: "cancel", weight: 0.5 },
  ]);
  const waitMs = random.between(100, 1500);
  const { id } = await client.submit(specOf(dataset, entry.variant, epochs), entry.key);
  Object.assign(entry, { id, cancelled: request.name === "cancel" });
  pending.add(id);
  if (request.name !== "none") await delay(waitMs);
  if (request.name === "cancel") await client.request(id, "cancel");
  if (request.name === "pause" && (await client.request(id, "pause")).status !== 409) {
    for (let { body } = await client.job(id); body.state !== "paused" && !body.done; { body } = await client.job(id))
      await delay(50);
    await client.request(id, "resume");
  }
  entry.end = await client.finished(id);
  pending.delete(id);
};

/** A job that nobody disturbs. */
const runAlone = async (client, spec) => {
  const { id } = await client.submit(spec, randomUUID());
  const startMs = performance.now();
  const { state, model, error } = await client.finished(id);
  if (state !== "succeeded") throw new Error(`an uninterrupted run ${state}: ${error?.message}`);
  return { id, seconds: (performance.now() - startMs) / 1000, digest: (await client.model(model)).digest };
};

/** What the weights should be; and how many epochs fill a job's seconds on this machine. */
const runReferences = async (client, dataset) => {
  const first = await runAlone(client, specOf(dataset, 0, FEWEST_EPOCHS));
  const longer = Math.max(1, JOB_SECONDS / first.seconds);
  const epochs = Math.min(Math.round(FEWEST_EPOCHS * longer), MOST_EPOCHS);
  const runs = [];
  for (let variant = 0; variant < VARIANTS; variant++) {
    const run = await runAlone(client, specOf(dataset, variant, epochs));
    runs.push(run);
    say(`uninterrupted run ${variant}: ${epochs} epochs, ${run.seconds.toFixed(2)} s, ${run.digest}`);
  }
  return { epochs, ids: [first, ...runs].map(({ id }) => id), digests: runs.map(({ digest }) => digest) };
};

const runRounds = async (context, rounds, endMs) => {
  const { random, pending } = context;
  const [submissions, faultsDone, following] = [[], [], []];
  for (let round = 1; round <= rounds && performance.now() < endMs; round++) {
    // Something is always under way when a fault comes, now and then more than the trainers can compute at once.
    const underWay = submissions.filter(({ end }) => end === undefined).length;
    for (let jobs = underWay; jobs < 1 + random.below(MOST_PENDING - 1); jobs++) {
      const entry = { variant: random.below(VARIANTS), key: randomUUID(), id: null };
      submissions.push(entry);
      const followed = follow(context, entry);
      // It is told of when the rounds are over.
      followed.catch(() => {});
      following.push(followed);
    }
    await delay(random.between(0, 1500));
    const fault = random.weighted(kinds);
    const recoveryMs = await fault.run(context);
    faultsDone.push({ round, name: fault.name, recoveryMs });
    const took = recoveryMs.map((ms) => (ms === null ? "never" : `${(ms / 1000).toFixed(2)} s`)).join(", ");
    say(`round ${round}: ${fault.name}; recovered: ${took || "nothing to recover"}; jobs under way: ${pending.size}`);
    while (pending.size > MOST_PENDING && performance.now() < endMs) await delay(50);
  }
  await Promise.race([Promise.allSettled(following), delay(END_MS)]);
  const broken = (await Promise.allSettled(following.map((each) => Promise.race([each, null])))).filter(
    ({ status }) => status === "rejected",
  );
  for (const { reason } of broken) say(`a client gave up: ${reason}`);
  return { submissions, faultsDone };
};

const keepLog = async (folder, log) => {
  await writeFile(join(folder, "log.ndjson"), log.map((line) => JSON.stringify(line)).join("\n"));
  say(`Everything that was logged: ${join(folder, "log.ndjson")}`);
};

/** One service, from its start to its stop. */
const runSeed = async (seed, machines) => {
  const folder = await mkdtemp(join(tmpdir(), "descent-chaos-"));
  cleanAtEnd(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const settings = {
    leaseSeconds: LEASE_SECONDS,
    checkpointSeconds: CHECKPOINT_SECONDS,
    env: { HEARTBEAT_SECONDS: String(HEARTBEAT_SECONDS), NODE_OPTIONS: `--import=${engineFault}` },
  };
  const workers = machines.length > 0 ? machines.length : Number(options.workers);
  const service =
    machines.length > 0
      ? await startOnMachines(folder, machines, { seed, ...settings })
      : await startService(folder, { workers, ...settings });
  const [startMs, client] = [performance.now(), createClient(service.url)];
  say(`seed ${seed}, ${options.rounds} rounds, ${workers} trainers, in ${folder}`);
  try {
    const { id: dataset } = await client.upload(twoClasses());
    const random = createRandom(seed);
    const references = await runReferences(client, dataset);
    const { epochs } = references;
    const context = { client, service, random, dataset, epochs, pending: new Set(), leaseMs: LEASE_SECONDS * 1000 };
    const endMs = startMs + Number(options.minutes) * 60_000 - 60_000;
    const { submissions, faultsDone } = await runRounds(context, Number(options.rounds), endMs);
    const [models, jobs] = [await client.all("/v1/models"), await client.all("/v1/jobs")];
    const unrecovered = faultsDone.filter(({ recoveryMs }) => recoveryMs.includes(null));
    const verdict = { ...judge({ submissions, references, models, jobs, log: service.log }), unrecovered };
    say(
      `\n${faultsDone.length} rounds in ${Math.round((performance.now() - startMs) / 1000)} s\n\n${toTables(verdict, faultsDone)}`,
    );
    for (const name of ["lost", "unfinished", "failed", "doubled", "committedTwice", "differing"])
      for (const id of verdict[name]) say(`${name}: ${id}`);
    const code = await service.stop();
    const kept = isKept(verdict) && code === 0;
    say(`\n${kept ? "Every promise was kept." : `A promise was broken (exit code of the service: ${code}).`}`);
    if (options.keep || !kept) await keepLog(folder, service.log);
    else await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    const seconds = Math.round((performance.now() - startMs) / 1000);
    return { seed, rounds: faultsDone.length, seconds, kept, verdict, recoveryMs: recoveryTimes(faultsDone) };
  } catch (error) {
    await keepLog(folder, service.log);
    throw error;
  } finally {
    await service.kill();
  }
};

/** What earlier runs kept in the file. */
const knownResults = async (file) => {
  if (file === "") return [];
  const text = await readFile(file, "utf8").catch((error) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
};

const main = async () => {
  const count = Number(options.machines);
  const code = count > 0 ? await runInNamespace() : null;
  if (code !== null) return code;
  const machines = count > 0 ? await createMachines(count) : [];
  const first = Number(options.seed);
  const known = new Map((await knownResults(options.results)).map((result) => [result.seed, result]));
  const results = [];
  for (let seed = first; seed < first + Number(options.seeds); seed++) {
    const result = known.get(seed) ?? (await runSeed(seed, machines));
    if (options.results !== "" && !known.has(seed)) await appendFile(options.results, `${JSON.stringify(result)}\n`);
    results.push(result);
  }
  if (results.length > 1) say(`\n${toSeedsTable(results)}`);
  return results.every(({ kept }) => kept) ? 0 : 1;
};

process.exit(await main());
