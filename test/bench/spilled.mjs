// Tables larger than memory: a job that keeps its rows encoded on disk against the same job with all of them in memory, in one run, with what each held resident.
//   node test/bench/spilled.mjs [--rows 13000000] [--memory 512] [--beside 200] [--threads 1] [--epochs 2] [--folder FOLDER] [--alone]
// --memory: MiB that the job which spills may hold resident; of them --beside are for its code and heaps, the rest is `resources.memoryBytes`. --alone: without the other job.
import { fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { makeCsv, runJobs, storeTable } from "./large-table.mjs";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "13000000" },
    memory: { type: "string", default: "512" },
    beside: { type: "string", default: "200" },
    threads: { type: "string", default: "1" },
    epochs: { type: "string", default: "2" },
    folder: { type: "string" },
    alone: { type: "boolean", default: false },
    one: { type: "string" },
  },
});
const MIB = 1024 ** 2;
const dist = new URL("../../dist/", import.meta.url);

/** In a process of its own, so that what it holds is its own. */
const inProcess = (task) =>
  new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), "--one", JSON.stringify(task)]);
    let result = null;
    child.on("message", (message) => {
      result = message;
    });
    child.on("exit", (code) => (result === null ? reject(new Error(`a run ended with ${code}`)) : resolve(result)));
  });

const shown = ({ plan, metrics, ...rest }) => ({
  ...{
    ...rest,
    planMiB: plan.memoryBytes / MIB,
    spillMiB: (plan.spillBytes ?? 0) / MIB,
    ringRows: plan.ringRows ?? null,
  },
  testAccuracy: metrics.testAccuracy,
});

if (values.one !== undefined) {
  const task = JSON.parse(values.one);
  process.send(
    task.csv === undefined ? await runJobs(dist, [task]) : await storeTable(dist, task.folder, task.csv, task.name),
  );
  process.disconnect();
} else {
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), "descent-spilled-"));
  try {
    mkdirSync(folder, { recursive: true });
    const csv = join(folder, `${values.rows}.csv`);
    await makeCsv(csv, Number(values.rows));
    const dataset = await inProcess({ folder, csv, name: `table of ${values.rows}` });
    const job = {
      ...{
        dataset,
        url: pathToFileURL(join(folder, "store")).href,
        scratchFolder: join(folder, "scratch"),
        costs: false,
      },
      training: { epochs: Number(values.epochs), batchSize: 256, earlyStopping: false },
    };
    const threads = Number(values.threads);
    const memoryBytes = (Number(values.memory) - Number(values.beside)) * MIB;
    const tell = (name, result) =>
      process.stdout.write(`${JSON.stringify({ job: name, csvMiB: dataset.bytes / MIB, ...shown(result) })}\n`);
    const spilled = await inProcess({ ...job, resources: { threads, memoryBytes } });
    tell("spilled", spilled);
    if (!values.alone) {
      const held = await inProcess({ ...job, resources: { threads, memoryBytes: 3 * 1024 * MIB } });
      tell("held", held);
      const equal = spilled.digest === held.digest && spilled.report === held.report;
      process.stdout.write(`${JSON.stringify({ equal, speed: held.trainSeconds / spilled.trainSeconds })}\n`);
      process.exitCode = equal ? 0 : 1;
    }
  } finally {
    if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}
