// Images larger than memory: a job that reads them through a ring against one whose images all fit, in one run, with what each held resident.
//   node test/bench/streamed.mjs [--rows 20000] [--fits 1500] [--side 224] [--memory 1024] [--beside 300] [--threads 1] [--epochs 1] [--filters 16] [--folder FOLDER]
// --memory: MiB that the streaming process may hold resident; of them --beside are for its code and heaps, the rest is `resources.memoryBytes`.
// --cold: what the system keeps of the file in its own memory is dropped before the training (Linux, dd).
import { execFileSync, fork } from "node:child_process";
import { createHash, randomFillSync } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "20000" },
    fits: { type: "string", default: "1500" },
    side: { type: "string", default: "224" },
    memory: { type: "string", default: "1024" },
    beside: { type: "string", default: "300" },
    threads: { type: "string", default: "1" },
    epochs: { type: "string", default: "1" },
    filters: { type: "string", default: "16" },
    folder: { type: "string" },
    cold: { type: "boolean", default: false },
    one: { type: "string" },
  },
});
const MIB = 1024 ** 2;
const side = Number(values.side);
const part = (path) => import(new URL(`../../dist/${path}.js`, import.meta.url).href);
const round = (value) => Number(value.toPrecision(3));

/** Noise that is a little brighter by label: it only has to differ. */
async function* pictures(rows) {
  const noise = randomFillSync(Buffer.alloc(side * side * 3 + 65_536));
  for (let row = 0; row < rows; row++) {
    const pixels = Uint8Array.from(noise.subarray((row * 7919) % 65_536).subarray(0, side * side * 3));
    if (row % 2 === 0) for (let at = 0; at < pixels.length; at += 2) pixels[at] |= 128;
    yield { cells: [Buffer.from(row % 2 === 0 ? "bright" : "dark")], pixels, line: row + 1 };
  }
}

const makeDataset = async (folder, rows) => {
  const { createImageTable } = await part("src/data/images/image-table");
  const { artifactKeys } = await part("src/store/artifacts/artifact-store");
  const { createFileArtifactStore } = await part("src/store/artifacts/file-artifact-store");
  const id = `ds_0${createHash("sha256").update(`${rows}/${side}`).digest("hex").slice(0, 25).toUpperCase()}`;
  const record = join(folder, `${id}.json`);
  if (existsSync(record)) return JSON.parse(readFileSync(record, "utf8"));
  const store = await createFileArtifactStore(join(folder, "store"));
  const table = createImageTable({
    columns: [{ name: "label", type: "category" }],
    image: { height: side, width: side, channels: 3 },
    rows: pictures(rows),
  });
  const key = artifactKeys.datasetFile("bench", id, "images");
  const written = await store.write(key, Readable.from(table.bytes));
  const createdAt = new Date(0).toISOString();
  const dataset = { id, name: "noise", format: "images", ...written, ...table.profile(), createdAt };
  dataset.path = join(folder, "store", key);
  writeFileSync(record, JSON.stringify(dataset));
  return dataset;
};

const model = {
  type: "cnn",
  layers: [1, 2, 4, 8].map((wider) => ({
    type: "conv2d",
    filters: wider * Number(values.filters),
    stride: 2,
    padding: "same",
    batchNorm: true,
  })),
};
model.layers.push({ type: "global_average_pool" });

/** One job on a trainer's threads, in this process: rows a second from the first step to the end of the last epoch, its validation included. */
const trainOne = async ({ dataset, memoryBytes, url }) => {
  const { JobSpec } = await part("src/domain/jobs/spec/job-spec");
  const { resolveSpec } = await part("src/domain/jobs/spec/defaults");
  const { dataShape } = await part("src/data/preprocessing/data-shape");
  const { planSpec } = await part("workers/planning/plan-spec");
  const { createThreadPool } = await part("workers/engine/thread-pool");
  const { runTeam } = await part("workers/engine/team-run");
  const { createControl } = await part("workers/engine/control");
  const { compileKernels } = await part("src/engine/kernels/load");
  const { chooseKernels } = await part("src/engine/kernels/native/choose");
  const [threads, epochs] = [Number(values.threads), Number(values.epochs)];
  const parsed = JobSpec.parse({
    ...{ dataset: dataset.id, task: { type: "classification", label: "label" }, model },
    training: {
      epochs,
      batchSize: 32,
      earlyStopping: false,
      penaltySearch: false,
      split: { validation: 0.02, test: 0.02 },
    },
    resources: { threads, memoryBytes },
  });
  const spec = resolveSpec(parsed, dataset, null);
  const shape = dataShape(spec, dataset);
  const plan = planSpec(spec, shape);
  if (plan.memoryBytes > memoryBytes) throw new Error(`the plan needs ${plan.memoryBytes} bytes of ${memoryBytes}`);
  const { native } = await chooseKernels("auto");
  const script = new URL("../../dist/workers/engine/engine-thread.js", import.meta.url);
  const pool = createThreadPool(script, { kernels: { module: await compileKernels(), native } }, threads);
  const memory = new WebAssembly.Memory({ initial: plan.memoryBytes / 65_536, maximum: 65_536, shared: true });
  const control = createControl();
  const order = {
    ...{
      tenant: "bench",
      job: "job_01JD0000000000000000000000",
      attempt: 1,
      spec,
      dataset,
      base: null,
      prediction: null,
    },
    ...{
      checkpoints: [],
      artifactUrl: url,
      artifactCache: null,
      scratchFolder: join(tmpdir(), "descent-scratch"),
      checkpointMs: 1e9,
      trial: null,
      control,
      memory,
    },
    admitted: { memoryBytes: plan.memoryBytes, threads: plan.threads },
  };
  const beganMs = performance.now();
  let readMs = 0;
  let seconds = 0;
  let processorBefore = process.cpuUsage();
  let processor = processorBefore;
  const report = (message) => {
    if (message.type === "started") {
      readMs = performance.now() - beganMs;
      processorBefore = process.cpuUsage();
      if (values.cold)
        execFileSync(
          "dd",
          [`of=${dataset.path}`, "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none"],
          { stdio: ["ignore", "ignore", "inherit"] },
        );
    }
    if (message.type !== "points") return;
    seconds = message.points.at(-1).seconds;
    processor = process.cpuUsage(processorBefore);
  };
  const log = { warn: (...what) => console.error(...what) };
  const end = await runTeam(pool, order, { heartbeatMs: 60_000, log, report });
  await pool.close();
  if (end.type !== "trained") throw new Error(JSON.stringify(end));
  const status = readFileSync("/proc/self/status", "utf8");
  return {
    ...{
      rows: dataset.rows,
      threads: plan.threads,
      kernels: native === null ? "wasm" : "native",
      ringRows: plan.ringRows ?? null,
    },
    ...{ pixelMegabytes: round(dataset.bytes / MIB), planMegabytes: round(plan.memoryBytes / MIB) },
    ...{
      residentMegabytes: round(Number(/^VmHWM:\s+(\d+)/m.exec(status)[1]) / 1024),
      readSeconds: round(readMs / 1000),
    },
    rowsPerSecond: round((shape.trainRows * epochs) / seconds),
    // Of all threads: on a machine that others use it says more than the clock.
    processorMsPerRow: round((processor.user + processor.system) / 1000 / (shape.trainRows * epochs)),
  };
};

/** In a process of its own, so that what it holds is its own. */
const measure = (job) =>
  new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), "--one", JSON.stringify(job)]);
    let result = null;
    child.on("message", (message) => {
      result = message;
    });
    child.on("exit", (code) => (result === null ? reject(new Error(`a run ended with ${code}`)) : resolve(result)));
  });

if (values.one !== undefined) {
  process.send(await trainOne(JSON.parse(values.one)));
  process.disconnect();
} else {
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), "descent-streamed-"));
  try {
    const url = pathToFileURL(join(folder, "store")).href;
    const small = await makeDataset(folder, Number(values.fits));
    const large = await makeDataset(folder, Number(values.rows));
    const fits = await measure({ dataset: small, memoryBytes: 3 * 1024 * MIB, url });
    const memoryBytes = (Number(values.memory) - Number(values.beside)) * MIB;
    const streams = await measure({ dataset: large, memoryBytes, url });
    const ratio = round(streams.rowsPerSecond / fits.rowsPerSecond);
    process.stdout.write(`${JSON.stringify({ ratio, streams, fits })}\n`);
  } finally {
    if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}
