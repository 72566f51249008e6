// A made table of any size, its upload and a whole job on it, of any build: CSV in, report out. Imported by spilled.mjs, whole-job.mjs and estimates.mjs.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const usualNumbers = 21;
const places = ["north", "south", "east", "west", "centre"];

/** Cells of three decimals: formatted once. */
const cells = Array.from({ length: 4096 }, (_, i) => ((i - 2048) / 512).toFixed(3));

/** Rows lie around so many centres at most as far apart as the cells' values, and as far from their own as a third of that. */
const [centreSpread, noiseSpread] = [2700, 1396];

/**
 * Numbers, a category and a label of two classes that depends on some of them, noisily; the numbers around some centres, if there are to be clusters. Marsaglia's xorshift: the same table everywhere.
 */
const createRows = (numbers, clusters) => {
  let state = 0x9e3779b9;
  const draw = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const centres = Array.from({ length: clusters * numbers }, () => draw() % centreSpread);
  const header = `${Array.from({ length: numbers }, (_, i) => `x${i}`).join(",")},place,label\n`;
  const row = () => {
    let text = "";
    let sum = 0;
    let before = 0;
    const centre = clusters === 0 ? 0 : numbers * (draw() % clusters);
    for (let i = 0; i < numbers; i++) {
      const value = clusters === 0 ? draw() & 4095 : centres[centre + i] + (draw() % noiseSpread);
      text += `${cells[value]},`;
      const x = (value - 2048) / 1024;
      if (i < 6) sum += i % 2 === 0 ? x : x * before;
      before = x;
    }
    const place = draw() % places.length;
    const noisy = sum + (place === 2 ? 1 : 0) + ((draw() & 4095) - 2048) / 1024;
    return `${text}${places[place]},${noisy > 0.3 ? "yes" : "no"}\n`;
  };
  return { header, row };
};

export const makeCsv = async (path, rows, numbers = usualNumbers, clusters = 0) => {
  if (existsSync(path)) return;
  const { header, row } = createRows(numbers, clusters);
  const file = createWriteStream(path);
  let text = header;
  for (let i = 0; i < rows; i++) {
    text += row();
    if (i % 4096 !== 4095 && i !== rows - 1) continue;
    if (!file.write(text)) await once(file, "drain");
    text = "";
  }
  file.end();
  await once(file, "finish");
};

const secondsSince = (startMs) => (performance.now() - startMs) / 1000;
const processorSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** What an upload does: the file to the store, and its columns. */
export const storeTable = async (dist, folder, csv, name) => {
  const part = (path) => import(new URL(`${path}.js`, dist).href);
  const { profileCsv } = await part("src/data/columns/profile-csv");
  const { artifactKeys } = await part("src/store/artifacts/artifact-store");
  const { createFileArtifactStore } = await part("src/store/artifacts/file-artifact-store");
  const id = `ds_0${createHash("sha256").update(name).digest("hex").slice(0, 25).toUpperCase()}`;
  const record = join(folder, `${id}.json`);
  if (existsSync(record)) return JSON.parse(readFileSync(record, "utf8"));
  const store = await createFileArtifactStore(join(folder, "store"));
  const startMs = performance.now();
  const written = await store.write(artifactKeys.datasetFile("bench", id), createReadStream(csv));
  const profile = await profileCsv(createReadStream(csv));
  const seconds = secondsSince(startMs);
  const dataset = { id, name, format: "csv", ...written, ...profile, createdAt: new Date(0).toISOString(), seconds };
  writeFileSync(record, JSON.stringify(dataset));
  return dataset;
};

/**
 * Jobs on a trainer's threads, in this process, one after another: what the last one's parts took, in seconds of the clock and of processors, and what was resident
 * at most. A small job before it warms the threads, as those of a trainer that has worked are.
 */
export const runJobs = async (dist, jobs) => {
  const part = (path) => import(new URL(`${path}.js`, dist).href);
  const { createThreadPool } = await part("workers/engine/thread-pool");
  const { compileKernels } = await part("src/engine/kernels/load");
  const { chooseKernels } = await part("src/engine/kernels/native/choose");
  const { native } = await chooseKernels("auto");
  const kernels = { module: await compileKernels(), native };
  const threads = Math.max(...jobs.map(({ resources }) => resources.threads));
  const pool = createThreadPool(new URL("workers/engine/engine-thread.js", dist), { kernels }, threads + 1);
  let result = null;
  for (const job of jobs) result = await runJob(dist, pool, kernels, job);
  await pool.close();
  return result;
};

/** Of a job that says nothing else. */
const usualTask = { type: "classification", label: "label" };

const runJob = async (dist, pool, kernels, { dataset, url, scratchFolder, costs = true, ...asked }) => {
  const part = (path) => import(new URL(`${path}.js`, dist).href);
  const { JobSpec } = await part("src/domain/jobs/spec/job-spec");
  const { resolveSpec } = await part("src/domain/jobs/spec/defaults");
  const { fitsOf } = await part("src/data/splits/fits");
  const { planFits } = await part("src/usecases/jobs/planning/plan-fits");
  const { planSpec } = await part("workers/planning/plan-spec");
  const { measureCosts } = await part("workers/planning/measure-costs");
  const { runTeam } = await part("workers/engine/team-run");
  const { createControl } = await part("workers/engine/control");
  const spec = resolveSpec(JobSpec.parse({ dataset: dataset.id, task: usualTask, ...asked }), dataset, null);
  const machine = costs ? await measureCosts(kernels, () => performance.now()) : null;
  const plan = await planFits(fitsOf(spec, dataset, null), async (one, shape) => planSpec(one, shape, null, machine));
  if (plan.memoryBytes > spec.resources.memoryBytes) throw new Error(`the plan needs ${plan.memoryBytes} bytes`);
  const memory = new WebAssembly.Memory({ initial: plan.memoryBytes / 65_536, maximum: 65_536, shared: true });
  const order = {
    ...{ tenant: "bench", job: "job_01JD0000000000000000000000", attempt: 1, spec, dataset, base: null },
    ...{
      prediction: null,
      checkpoints: [],
      artifactUrl: url,
      artifactCache: null,
      scratchFolder,
      checkpointMs: 10_000,
    },
    ...{ trial: null, control: createControl(), memory },
    admitted: { memoryBytes: plan.memoryBytes, threads: plan.threads },
  };
  const marks = { begin: [performance.now(), processorSeconds()] };
  const mark = (name) => {
    marks[name] = [performance.now(), processorSeconds()];
  };
  let [steps, computed] = [0, 0];
  const phases = {};
  let phase = null;
  const toPhase = (next) => {
    const seconds = processorSeconds();
    if (phase !== null) phases[phase.name] = (phases[phase.name] ?? 0) + seconds - phase.seconds;
    phase = { name: next, seconds };
  };
  const report = (message) => {
    if (message.type === "phase") toPhase(message.phase);
    // The first of a job's fits.
    if (message.type === "started" && marks.started === undefined) mark("started");
    // The last point may be told only with the report: what it says of the clock was true when it was made.
    if (message.type === "points") [steps, computed] = [message.points.at(-1).step, message.points.at(-1).seconds];
  };
  const log = { warn: (...what) => console.error(...what) };
  const end = await runTeam(pool, order, { heartbeatMs: 60_000, log, report });
  mark("end");
  toPhase(null);
  if (end.type !== "trained") throw new Error(JSON.stringify(end));
  const between = (from, to) => ({
    seconds: (marks[to][0] - marks[from][0]) / 1000,
    processor: marks[to][1] - marks[from][1],
  });
  const status = readFileSync("/proc/self/status", "utf8");
  return {
    ...{ rows: dataset.rows, threads: plan.threads, kernels: kernels.native === null ? "wasm" : "native", steps, plan },
    ...{ digest: end.model.digest, report: end.model.files.report.sha256, metrics: end.metrics },
    ...{ read: between("begin", "started"), trainAndReport: between("started", "end"), whole: between("begin", "end") },
    ...{ trainSeconds: computed, reportSeconds: between("started", "end").seconds - computed },
    ...{ estimatedSeconds: plan.estimatedSeconds, phases },
    residentMiB: Number(/^VmHWM:\s+(\d+)/m.exec(status)[1]) / 1024,
  };
};
