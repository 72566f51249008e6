// The whole of a large table job, CSV in to report out, of one build or of several in turns, and beside it scikit-learn and PyTorch on the same rows.
//   node test/bench/whole-job.mjs [--rows 1000000] [--epochs 20] [--turns 3] [--threads 1] [--dist FOLDER,FOLDER] [--beside] [--folder FOLDER]
// --dist: folders of builds, this one's if left out. --beside: runs whole-job.py with /usr/bin/python3. Each job runs in a process of its own, after a small one.
import { execFileSync, fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { makeCsv, runJobs, storeTable } from "./large-table.mjs";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    epochs: { type: "string", default: "20" },
    turns: { type: "string", default: "3" },
    threads: { type: "string", default: "1" },
    dist: { type: "string" },
    beside: { type: "boolean", default: false },
    folder: { type: "string" },
    one: { type: "string" },
  },
});
const smallRows = 2000;
const own = fileURLToPath(new URL("../../dist", import.meta.url));

const inProcess = (task) =>
  new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), ["--one", JSON.stringify(task)]);
    let result = null;
    child.on("message", (message) => {
      result = message;
    });
    child.on("exit", (code) => (result === null ? reject(new Error(`a run ended with ${code}`)) : resolve(result)));
  });

if (values.one !== undefined) {
  const { dist, jobs } = JSON.parse(values.one);
  process.send(await runJobs(dist, jobs));
  process.disconnect();
} else {
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), "descent-whole-"));
  try {
    mkdirSync(folder, { recursive: true });
    const here = pathToFileURL(`${own}/`);
    const table = async (rows) => {
      const csv = join(folder, `${rows}.csv`);
      await makeCsv(csv, rows);
      return { csv, dataset: await storeTable(here, folder, csv, `table of ${rows}`) };
    };
    const [small, large] = [await table(smallRows), await table(Number(values.rows))];
    const jobOf = ({ dataset }, epochs) => ({
      ...{ dataset, url: pathToFileURL(join(folder, "store")).href, scratchFolder: join(folder, "scratch") },
      ...{ training: { epochs }, resources: { threads: Number(values.threads), memoryBytes: 3 * 1024 ** 3 } },
    });
    const jobs = [jobOf(small, 2), jobOf(large, Number(values.epochs))];
    for (let turn = 0; turn < Number(values.turns); turn++)
      for (const dist of (values.dist ?? own).split(",")) {
        const {
          plan: _,
          metrics,
          ...result
        } = await inProcess({ dist: pathToFileURL(`${resolve(dist)}/`).href, jobs });
        const { testAccuracy, epochs } = metrics;
        process.stdout.write(`${JSON.stringify({ dist, ...result, testAccuracy, epochs })}\n`);
      }
    if (values.beside)
      execFileSync(
        "/usr/bin/python3",
        [fileURLToPath(new URL("whole-job.py", import.meta.url)), large.csv, values.epochs, values.threads],
        { stdio: "inherit" },
      );
  } finally {
    if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}
