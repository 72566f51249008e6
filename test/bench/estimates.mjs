// What plans say that jobs take, against what they took: jobs of different kinds, each in a process of its own, after a small one that warms its threads, or after --warm of the same.
//   node test/bench/estimates.mjs [--only "iris;spilled"] [--warm 0] [--threads 1] [--dist FOLDER] [--folder FOLDER] [--phases]
// Seconds of processors, and by the clock; the ratio is of the estimate to the processors' where one thread computes. --phases: what each part of the job took.
import { fork } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { makeCsv, runJobs, storeTable } from "./large-table.mjs";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    warm: { type: "string", default: "0" },
    threads: { type: "string", default: "1" },
    dist: { type: "string", default: fileURLToPath(new URL("../../dist", import.meta.url)) },
    folder: { type: "string" },
    phases: { type: "boolean", default: false },
    one: { type: "string" },
  },
});
const MIB = 1024 ** 2;
const dist = pathToFileURL(`${resolve(values.dist)}/`);

const value = { type: "regression", label: "x1" };
const groups = { type: "clustering" };
const small = { rows: 2000, training: { epochs: 2 } };
/** `numbers` of a table beside its category and its label; 21 if left out. `around`: so many centres lie its rows. `memory`: MiB of `resources.memoryBytes`; 3072. All else is the job's specification. */
const jobs = {
  iris: { file: "iris.csv", task: { type: "classification", label: "species" } },
  "2,000 rows": { rows: 2000 },
  "20,000 rows": { rows: 20_000 },
  "200,000 rows": { rows: 200_000 },
  "1,000,000 rows": { rows: 1_000_000 },
  narrow: { rows: 1_000_000, numbers: 2, training: { epochs: 5 } },
  wide: { rows: 5000, numbers: 500 },
  spilled: { rows: 500_000, memory: 32, training: { epochs: 3 } },
  linear: { rows: 200_000, task: value, model: { type: "linear" } },
  logistic: { rows: 200_000, model: { type: "logistic" } },
  "logistic, spilled": { rows: 500_000, memory: 64, model: { type: "logistic" } },
  "k-means": { rows: 20_000, around: 8, task: groups, model: { type: "k_means", clusters: 8 } },
  "k-means, no clusters": { rows: 20_000, task: groups, model: { type: "k_means", clusters: 8 } },
  "k-means, digits": { file: "digits.csv", task: groups, model: { type: "k_means", clusters: 8 } },
  "k-means, spilled": {
    ...{ rows: 500_000, around: 8, memory: 96 },
    ...{ task: groups, model: { type: "k_means", clusters: 8, restarts: 1 } },
  },
  mixture: { rows: 20_000, task: { type: "density_estimation" }, model: { type: "gaussian_mixture", components: 4 } },
  ensemble: { rows: 2000, effort: "good" },
  "5 folds": { rows: 20_000, training: { crossValidation: { folds: 5 } } },
  quantile: { rows: 5000, task: value, model: { type: "quantile" }, loss: { type: "pinball", quantile: 0.9 } },
  pictures: { pictures: 2000, training: { epochs: 5 } },
};

const inProcess = (task) =>
  new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [
      "--dist",
      values.dist,
      "--warm",
      values.warm,
      "--one",
      JSON.stringify(task),
    ]);
    let result = null;
    child.on("message", (message) => {
      result = message;
    });
    child.on("exit", (code) => (result === null ? reject(new Error(`a run ended with ${code}`)) : resolve(result)));
  });

/** Noise of 28², brighter by its label. */
async function* pictures(rows) {
  let state = 1;
  for (let row = 0; row < rows; row++) {
    const pixels = new Uint8Array(28 * 28);
    for (let at = 0; at < pixels.length; at++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      pixels[at] = (state >>> 25) + (row % 10) * 10;
    }
    yield { cells: [Buffer.from(`class ${row % 10}`)], pixels, line: row + 1 };
  }
}

const storePictures = async (folder, rows) => {
  const part = (path) => import(new URL(`${path}.js`, dist).href);
  const { createImageTable } = await part("src/data/images/image-table");
  const { artifactKeys } = await part("src/store/artifacts/artifact-store");
  const { createFileArtifactStore } = await part("src/store/artifacts/file-artifact-store");
  const id = `ds_0${String(rows).padStart(25, "0")}`;
  const record = join(folder, `${id}.json`);
  if (existsSync(record)) return JSON.parse(readFileSync(record, "utf8"));
  const store = await createFileArtifactStore(join(folder, "store"));
  const columns = [{ name: "label", type: "category" }];
  const table = createImageTable({ columns, image: { height: 28, width: 28, channels: 1 }, rows: pictures(rows) });
  const written = await store.write(artifactKeys.datasetFile("bench", id, "images"), Readable.from(table.bytes));
  const about = { id, name: "noise", format: "images", createdAt: new Date(0).toISOString() };
  const dataset = { ...about, ...written, ...table.profile() };
  writeFileSync(record, JSON.stringify(dataset));
  return dataset;
};

const storeData = async (folder, { file, rows, numbers, around, pictures: count }) => {
  if (count !== undefined) return storePictures(folder, count);
  if (file !== undefined)
    return storeTable(dist, folder, fileURLToPath(new URL(`../data/${file}`, import.meta.url)), file);
  const name = [rows, numbers ?? "", around ?? ""].join(".");
  const csv = join(folder, `${name}.csv`);
  await makeCsv(csv, rows, numbers, around);
  return storeTable(dist, folder, csv, `table of ${name}`);
};

const shown = (seconds) => (seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(1));

if (values.one !== undefined) {
  const [first, job] = JSON.parse(values.one);
  process.send(await runJobs(dist, [first, ...new Array(Number(values.warm)).fill(job), job]));
  process.disconnect();
} else {
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), "descent-estimates-"));
  try {
    mkdirSync(folder, { recursive: true });
    const toJob = async ({ file, rows, numbers, around, pictures, memory = 3072, ...spec }) => ({
      ...{ dataset: await storeData(folder, { file, rows, numbers, around, pictures }), ...spec },
      ...{ url: pathToFileURL(join(folder, "store")).href, scratchFolder: join(folder, "scratch") },
      resources: { threads: Number(values.threads), memoryBytes: memory * MIB },
    });
    process.stdout.write("| job | threads | estimated | processors | clock | estimated / processors |\n");
    process.stdout.write("| --- | --- | --- | --- | --- | --- |\n");
    const names = values.only?.split(";") ?? Object.keys(jobs);
    for (const name of names) {
      const result = await inProcess([await toJob(small), await toJob(jobs[name])]);
      const { estimatedSeconds, whole, threads, phases } = result;
      const ratio = (estimatedSeconds / whole.processor).toFixed(2);
      const seconds = [estimatedSeconds, whole.processor, whole.seconds].map(shown);
      process.stdout.write(`| ${[name, threads, ...seconds, ratio].join(" | ")} |\n`);
      if (values.phases)
        process.stdout.write(`${JSON.stringify({ steps: result.steps, planned: result.plan.steps, phases })}\n`);
    }
  } finally {
    if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}
