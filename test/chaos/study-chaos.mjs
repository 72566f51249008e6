// npm run chaos:studies -- [--seed N] [--kills 50] [--trials 40] [--minutes 30] [--pruner asha|racing] [--by folds|seeds] [--keep]
//
// Studies while the API, trainers and Redis are killed. Each study proposes by TPE and stops trials by successive halving, or by races, over folds or over seeds; as soon as one is done the next begins, until so many kills have been met. Then
// it counts, for every study: trials lost, trials with more jobs than trainings, trials that failed, proposals that differ from what the sampler proposes again from the record alone; comparisons of races that come out otherwise; and weights that differ from those of
// the same jobs run once more, undisturbed. Exit code 1 if a promise was broken. The seed repeats the choices; what they meet depends on the machine's timing.
import { randomInt } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { lowerDifference, sharedByFolds } from "../../dist/src/search/stopping/racing.js";
import { dimensionsOf, proposedPoint } from "../../dist/src/usecases/studies/course/next-trial.js";
import { createClient } from "./client.mjs";
import { faults } from "./faults.mjs";
import { createRandom } from "./random.mjs";
import { startService } from "./service.mjs";
import { twoClasses } from "./two-classes.mjs";

const { values: options } = parseArgs({
  options: {
    seed: { type: "string", default: String(randomInt(1, 1_000_000)) },
    kills: { type: "string", default: "50" },
    trials: { type: "string", default: "40" },
    pruner: { type: "string", default: "asha" },
    by: { type: "string", default: "folds" },
    minutes: { type: "string", default: "30" },
    keep: { type: "boolean", default: false },
  },
});
const LEASE_SECONDS = 3;
/** Of each study's trials that succeeded, as many are run once more. */
const REPEATED = 3;

const racing = options.pruner === "racing";
const [FOLDS, SEEDS] = [5, 5];
const bySeeds = racing && options.by === "seeds";

const say = (text) => process.stdout.write(`${text}\n`);
const kills = faults.filter(({ name }) => name.includes("SIGKILL"));

const studyOf = (dataset, seed) => ({
  ...{ name: `chaos study ${seed}`, seed, trials: Number(options.trials), parallel: 3 },
  job: {
    ...{ dataset, task: { type: "classification", label: "label" }, resources: { threads: 1 } },
    model: { type: "mlp", hidden: [32, 32], activation: "relu" },
    training: racing
      ? { epochs: 40, batchSize: 32, seed, ...(bySeeds ? {} : { crossValidation: { folds: FOLDS } }) }
      : { epochs: 256, batchSize: 32, seed },
  },
  ...(bySeeds ? { seeds: SEEDS } : {}),
  space: { "/optimizer/learningRate": { min: 1e-3, max: 0.1, scale: "log" }, "/model/dropout": { min: 0, max: 0.4 } },
  pruner: { type: options.pruner },
});

/** Kills something while this study goes on; the number of kills that it met. */
const disturb = async (context, id, left, endMs) => {
  let met = 0;
  for (; met < left && performance.now() < endMs; met++) {
    await delay(context.random.between(200, 1800));
    const { body } = await context.client.get(`/v1/studies/${id}`);
    if (body.done) break;
    const trials = await context.client.all(`/v1/studies/${id}/trials`);
    context.pending = new Set(
      trials.filter(({ state, submitted }) => state === "running" && submitted).map(({ job }) => job),
    );
    const fault = context.random.weighted(kills);
    const recoveryMs = await fault.run(context);
    context.recoveries.push(...recoveryMs);
    const took = recoveryMs.map((ms) => (ms === null ? "never" : `${(ms / 1000).toFixed(2)} s`)).join(", ");
    say(`  ${fault.name}; recovered: ${took || "nothing to recover"}; trials so far: ${trials.length}`);
  }
  return met;
};

const untilDone = async (client, id) => {
  for (;;) {
    const { body } = await client.get(`/v1/studies/${id}`);
    if (body.done) return body;
    await delay(200);
  }
};

/** What of a study's record breaks a promise. */
const judge = (study, trials, jobs) => {
  const faultsFound = [];
  if (study.state !== "succeeded") faultsFound.push(`the study ${study.state}: ${study.error?.message}`);
  const expected = Array.from({ length: Number(options.trials) }, (_, i) => i);
  if (
    !isDeepStrictEqual(
      trials.map(({ number }) => number),
      expected,
    )
  )
    faultsFound.push("trials are lost");
  const own = jobs.filter(({ spec }) => spec.labels?.study === study.id);
  for (const trial of trials) {
    const ofTrial = own.filter(({ spec }) => spec.labels.trial === String(trial.number));
    const named = trial.runs?.map(({ job }) => job) ?? [trial.job];
    if (!isDeepStrictEqual(ofTrial.map(({ id }) => id).sort(), [...named].sort()))
      faultsFound.push(`trial ${trial.number} has ${ofTrial.length} jobs, and names ${named.length}`);
    if (trial.state === "failed") faultsFound.push(`trial ${trial.number} failed: ${trial.error}`);
    const again = proposedPoint(study, dimensionsOf(study), trials, trial);
    if (!isDeepStrictEqual(again, trial.point)) faultsFound.push(`trial ${trial.number} is proposed otherwise`);
  }
  for (const trial of racing ? trials : []) {
    const compared = trial.reached.filter(({ against }) => against !== undefined);
    for (const { epochs, against, lower } of compared) {
      const best = trials[against].scores;
      const again = lowerDifference(trial.scores.slice(0, epochs), best, bySeeds ? 0 : sharedByFolds(FOLDS));
      const ends = trial.state === "stopped" && epochs === trial.reached.at(-1).epochs;
      if (again !== lower || lower > 0 !== ends)
        faultsFound.push(`trial ${trial.number} is compared otherwise after ${options.by.slice(0, -1)} ${epochs}`);
    }
  }
  const finals = own.filter(({ spec }) => spec.labels.trial === "final");
  if (finals.length !== 1) faultsFound.push(`there are ${finals.length} final jobs`);
  return faultsFound;
};

/** The same jobs once more, with nothing that goes wrong. */
const repeat = async (client, trials, jobs) => {
  const found = [];
  for (const trial of trials.filter(({ state, model }) => state === "succeeded" && model !== null).slice(0, REPEATED)) {
    const { spec } = jobs.find(({ id }) => id === trial.job);
    const { id } = await client.submit({ ...spec, labels: {} }, `again-${trial.job}`);
    const { model } = await client.finished(id);
    const [first, second] = await Promise.all([trial.model, model].map((each) => client.model(each)));
    if (first.digest !== second.digest)
      found.push(`trial ${trial.number} has other weights than the same job undisturbed`);
  }
  return found;
};

const main = async () => {
  const seed = Number(options.seed);
  const folder = await mkdtemp(join(tmpdir(), "descent-study-chaos-"));
  const settings = { leaseSeconds: LEASE_SECONDS, checkpointSeconds: 0.2, workers: 2, env: { HEARTBEAT_SECONDS: "6" } };
  const service = await startService(folder, settings);
  const client = createClient(service.url);
  const context = { client, service, random: createRandom(seed), pending: new Set(), recoveries: [], leaseMs: 3000 };
  say(`seed ${seed}, ${options.kills} kills, in ${folder}`);
  try {
    const { id: dataset } = await client.upload(twoClasses());
    const [startMs, studies] = [performance.now(), []];
    const endMs = startMs + Number(options.minutes) * 60_000;
    for (let left = Number(options.kills); left > 0 && performance.now() < endMs; ) {
      const { id } = await client.post(
        "/v1/studies",
        studyOf(dataset, seed + studies.length),
        `study-${studies.length}`,
      );
      studies.push(id);
      say(`study ${id}`);
      left -= await disturb(context, id, left, endMs);
      await untilDone(client, id);
    }
    const jobs = await client.all("/v1/jobs");
    let broken = 0;
    for (const id of studies) {
      const { body: study } = await client.get(`/v1/studies/${id}`);
      const trials = await client.all(`/v1/studies/${id}/trials`);
      const found = [...judge(study, trials, jobs), ...(await repeat(client, trials, jobs))];
      broken += found.length;
      const { succeeded, stopped } = study.counts;
      say(`${id}: ${trials.length} trials, ${succeeded} to their end, ${stopped} stopped; ${found.length} faults`);
      for (const fault of found) say(`  ${fault}`);
    }
    const met = context.recoveries.filter((ms) => ms !== null).sort((a, b) => a - b);
    const never = context.recoveries.length - met.length;
    const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
    const middle = met.length === 0 ? "–" : `${(met[Math.floor(met.length / 2)] / 1000).toFixed(2)} s`;
    say(
      `\n${studies.length} studies in ${seconds} s; recoveries ${met.length}, p50 ${middle}, never ${never}; faults ${broken}`,
    );
    await service.stop();
    const kept = broken === 0 && never === 0;
    if (options.keep || !kept) {
      await writeFile(join(folder, "log.ndjson"), service.log.map((line) => JSON.stringify(line)).join("\n"));
      say(`Everything that was logged: ${join(folder, "log.ndjson")}`);
    } else await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    return kept ? 0 : 1;
  } finally {
    service.kill();
  }
};

process.exit(await main());
