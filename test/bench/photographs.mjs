// The published MobileNet (width 0.25, 224 × 224) on 1000 photographs, all but its head frozen: a job of the service, beside PyTorch's in the same run, taking turns.
//   node test/bench/photographs.mjs [--rows 1000] [--epochs 10] [--threads 1] [--rounds 2] [--python /usr/bin/python3]
// The photographs are made here: JPEG files of five kinds of scenes. PyTorch (Debian's python3-torch and python3-pil) reads the same files and the same weights.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { createRandom } from "../chaos/random.mjs";
import { startService } from "../chaos/service.mjs";
import { tarEntry, tarOf } from "./tar.mjs";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "1000" },
    epochs: { type: "string", default: "10" },
    threads: { type: "string", default: "1" },
    rounds: { type: "string", default: "2" },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
const { createDescent } = await import("../../dist/src/client/descent.js");
const [rows, epochs, threads] = [Number(values.rows), Number(values.epochs), Number(values.threads)];
const [width, height] = [320, 256];

/** Brightness at a place, 0 to 1: what a scene consists of beside its colours. */
const scenes = {
  horizon: (x, y, { a, b }) =>
    y > 0.3 + 0.4 * a + 0.02 * Math.sin(20 * x + 9 * b) ? 0.25 + 0.2 * Math.sin(60 * y * b) : 0.9 - 0.5 * y,
  discs: (x, y, { a, b }) =>
    (((x * (3 + 4 * a)) % 1) - 0.5) ** 2 + (((y * (3 + 4 * b)) % 1) - 0.5) ** 2 < 0.09 ? 0.85 : 0.3,
  stripes: (x, y, { a, b }) => 0.5 + 0.4 * Math.sin(40 * (0.5 + b) * (x * Math.cos(3 * a) + y * Math.sin(3 * a))),
  bricks: (x, y, { a }) => {
    const [row, size] = [Math.floor(y * 12), 5 + 3 * a];
    return (y * 12) % 1 < 0.12 || (x * size + (row % 2) / 2) % 1 < 0.06
      ? 0.8
      : 0.35 + 0.1 * Math.sin(7 * row + Math.floor(x * size));
  },
  hills: (x, y, { a, b }) => {
    const ridge = 0.45 + 0.2 * Math.sin(5 * x + 6 * a) + 0.1 * Math.sin(13 * x + 6 * b);
    return y < ridge ? 0.9 - 0.6 * y : 0.2 + 0.5 * (y - ridge);
  },
};

const makePhotograph = (scene, random) => {
  const shape = { a: random.uniform(), b: random.uniform() };
  const tint = [0, 1, 2].map(() => 0.5 + 0.5 * random.uniform());
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const light = scene(x / width, y / height, shape) + 0.08 * (random.uniform() - 0.5);
      for (let c = 0; c < 3; c++) pixels[at++] = Math.min(255, Math.max(0, 255 * light * tint[c]));
    }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
};

const makePhotographs = async (folder) => {
  const random = createRandom(10);
  const names = Object.keys(scenes);
  const entries = [];
  for (const name of names) mkdirSync(join(folder, name), { recursive: true });
  for (let row = 0; row < rows; row++) {
    const name = names[row % names.length];
    const bytes = await makePhotograph(scenes[name], random);
    const path = `${name}/${String(row).padStart(5, "0")}.jpg`;
    writeFileSync(join(folder, path), bytes);
    entries.push(tarEntry(path, bytes));
  }
  return tarOf(entries);
};

const trainJob = async (client, dataset, base) => {
  const job = await client.jobs.submit({
    ...{ dataset, task: { type: "classification", label: "label" }, optimizer: { type: "adam", learningRate: 0.001 } },
    training: {
      ...{ epochs, batchSize: 32, seed: 1, earlyStopping: false, penaltySearch: false, l2: 0 },
      split: { validation: 0, test: 0 },
    },
    base: { model: base, freeze: "all but the head", newHead: true },
    resources: { threads, memoryBytes: 2 ** 30 },
  });
  const done = await client.jobs.wait(job.id);
  if (done.state !== "succeeded") throw new Error(JSON.stringify(done.error));
  if (done.plan.keptFeatures === undefined) throw new Error("the frozen layers were computed in each step");
  const report = await client.models.report(done.model);
  return { seconds: (Date.parse(done.endedAt) - Date.parse(done.startedAt)) / 1000, accuracy: report.accuracy.value };
};

const askPyTorch = (folder) => {
  const weights = fileURLToPath(new URL("../data/imagenet/mobilenet_v1_025_224.safetensors", import.meta.url));
  const expected = fileURLToPath(new URL("../data/imagenet/expected.json", import.meta.url));
  const script = fileURLToPath(new URL("photographs.py", import.meta.url));
  const args = [script, folder, weights, expected, String(epochs), String(threads)];
  return JSON.parse(execFileSync(values.python, args, { stdio: ["ignore", "pipe", "inherit"] }).toString());
};

const folder = mkdtempSync(join(tmpdir(), "descent-photographs-"));
const archive = await makePhotographs(join(folder, "photographs"));
const env = { TRAINER_THREADS: String(threads) };
const service = await startService(join(folder, "data"), { workers: 1, leaseSeconds: 30, checkpointSeconds: 60, env });
try {
  const client = createDescent({ url: service.url });
  const uploadMs = performance.now();
  const upload = { name: "photographs", contentType: "application/x-tar", shorterSide: 256, size: 224 };
  const dataset = await client.datasets.upload(archive, upload);
  const uploadSeconds = (performance.now() - uploadMs) / 1000;
  const network = new Blob([readFileSync(new URL("../data/imagenet/mobilenet_v1_025_224.onnx", import.meta.url))]);
  const base = await client.models.import(network, {
    ...{ name: "mobilenet", contentType: "application/onnx", preprocessing: "minus_one_to_one" },
  });
  const rounds = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const descent = await trainJob(client, dataset.id, base.id);
    rounds.push({ descent, torch: askPyTorch(join(folder, "photographs")) });
    process.stdout.write(`${JSON.stringify(rounds.at(-1))}\n`);
  }
  const least = (of) => Math.min(...rounds.map(of)).toPrecision(3);
  process.stdout.write(
    `${JSON.stringify({
      ...{ rows, epochs, threads, uploadSeconds: Number(uploadSeconds.toPrecision(3)) },
      descentSeconds: Number(least(({ descent }) => descent.seconds)),
      torchOnceSeconds: Number(least(({ torch }) => torch.onceSeconds)),
      torchEveryEpochSeconds: Number(least(({ torch }) => torch.everyEpochSeconds)),
      torchDecodeSeconds: Number(least(({ torch }) => torch.decodeSeconds)),
    })}\n`,
  );
} finally {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
}
