// npm run build && node test/load/larger-than-memory.mjs [--gib 10] [--columns 64] [--memory 420] [--epochs 1] [--threads 1] [--test 0.1] [--compare] [--folder FOLDER]
//
// A table larger than memory through the running service: a CSV of --gib GiB is made while it is uploaded, and a job with `resources.memoryBytes` of --memory MiB trains on it. Of each stage the peak resident memory
// of the API and of the trainer, by the system's account (VmHWM, set back between the stages), with their seconds by the clock and of processors. With --compare the job runs once more with all rows in memory, and
// weights and report must have the same digests. Nothing is left of the CSV; the service's folder takes the CSV's size and about twice that of the encoded rows.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { parseArgs } from "node:util";
import { createClient } from "../chaos/client.mjs";
import { startService } from "../chaos/service.mjs";
import { processorSecondsOf } from "./processes.mjs";

const { values: options } = parseArgs({
  options: {
    gib: { type: "string", default: "10" },
    columns: { type: "string", default: "64" },
    memory: { type: "string", default: "420" },
    epochs: { type: "string", default: "1" },
    threads: { type: "string", default: "1" },
    test: { type: "string", default: "0.1" },
    compare: { type: "boolean", default: false },
    folder: { type: "string" },
  },
});
const MIB = 1024 ** 2;
const numbers = Number(options.columns) - 1;
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

/** Cells with all their digits, as tables that were computed have them: formatted once. */
const cells = Array.from({ length: 4096 }, (_, i) => `${(i - 2048) / 713.1},`);

/** Numbers and a label of two classes that some of them decide, noisily, until there are so many bytes. Marsaglia's xorshift: the same table everywhere. */
function* csvOf(bytes) {
  let state = 0x9e3779b9;
  const draw = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  let [text, made] = [`${Array.from({ length: numbers }, (_, i) => `x${i}`).join(",")},label\n`, 0];
  while (made + text.length < bytes) {
    let sum = 0;
    for (let i = 0; i < numbers; i++) {
      const value = draw() & 4095;
      text += cells[value];
      if (i < 6) sum += ((i % 2 === 0 ? 1 : -1) * (value - 2048)) / 1024;
    }
    text += sum + ((draw() & 4095) - 2048) / 1024 > 0.3 ? "yes\n" : "no\n";
    if (text.length < MIB) continue;
    made += text.length;
    yield Buffer.from(text);
    text = "";
  }
  yield Buffer.from(text);
}

const peakMiB = (pid) =>
  Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024);
const forgetPeak = (pid) => writeFileSync(`/proc/${pid}/clear_refs`, "5");

const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "descent-larger-")));
const service = await startService(folder, {
  ...{ workers: 1, leaseSeconds: 30, checkpointSeconds: 60 },
  env: { TRAINER_THREADS: options.threads, LOG_LEVEL: "info" },
});
try {
  const { get, submit, model } = createClient(service.url);
  const pids = () => ({ api: service.alive("api")[0], trainer: service.alive("trainer")[0] });

  /** A stage, with what the two processes held at most while it ran. */
  const measured = async (stage, run) => {
    const before = pids();
    for (const pid of Object.values(before)) forgetPeak(pid);
    const [startMs, startProcessor] = [
      performance.now(),
      await Promise.all(Object.values(before).map(processorSecondsOf)),
    ];
    const result = await run();
    const [api, trainer] = await Promise.all(Object.values(before).map(processorSecondsOf));
    say({
      ...{ stage, seconds: Math.round((performance.now() - startMs) / 1000) },
      ...{ apiPeakMiB: peakMiB(before.api), trainerPeakMiB: peakMiB(before.trainer) },
      ...{
        apiProcessor: Math.round(api - startProcessor[0]),
        trainerProcessor: Math.round(trainer - startProcessor[1]),
      },
    });
    return result;
  };

  const dataset = await measured("upload", async () => {
    const body = Readable.toWeb(Readable.from(csvOf(Number(options.gib) * 1024 * MIB)));
    const headers = { "content-type": "text/csv" };
    const response = await fetch(`${service.url}/v1/datasets?name=larger`, {
      method: "POST",
      headers,
      body,
      duplex: "half",
    });
    const answer = await response.json();
    if (response.status !== 201) throw new Error(JSON.stringify(answer));
    return answer;
  });
  say({ rows: dataset.rows, columns: dataset.columns.length, gib: dataset.bytes / 1024 ** 3 });

  const train = async (stage, memoryBytes) => {
    const spec = {
      ...{ dataset: dataset.id, task: { type: "classification", label: "label" }, effort: "quick" },
      model: { type: "mlp", hidden: [32] },
      training: {
        ...{ epochs: Number(options.epochs), batchSize: 1024, earlyStopping: false, penaltySearch: false },
        split: { validation: 0.1, test: Number(options.test) },
      },
      resources: { threads: Number(options.threads), memoryBytes, maxSeconds: 86_400 },
    };
    const { id, plan } = await submit(spec, stage.replaceAll(" ", "-"));
    say({
      stage,
      planMiB: plan.memoryBytes / MIB,
      spillMiB: (plan.spillBytes ?? 0) / MIB,
      ringRows: plan.ringRows ?? null,
      estimatedSeconds: plan.estimatedSeconds,
    });
    const job = await measured(stage, async () => {
      for (;;) {
        const { body } = await get(`/v1/jobs/${id}?wait=5`);
        if (body.done) return body;
      }
    });
    if (job.state !== "succeeded") throw new Error(JSON.stringify(job));
    const { digest, files, metrics } = await model(job.model);
    say({ stage, digest, report: files?.report?.sha256, testAccuracy: metrics.testAccuracy });
    return JSON.stringify([digest, files?.report?.sha256]);
  };
  const spilled = await train("rows on disk", Number(options.memory) * MIB);
  if (options.compare) {
    const equal = spilled === (await train("rows in memory", 3 * 1024 * MIB));
    say({ equal });
    process.exitCode = equal ? 0 : 1;
  }
} finally {
  await service.stop();
  if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
}
