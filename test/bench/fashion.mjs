// Is a pre-trained network worth it? Fashion-MNIST's classes 0–4 are learnt first; then classes 5–9 from few images, starting from that network and from scratch, on the same images.
//   node test/bench/fashion.mjs [--files /usr/share/datasets/fashion-mnist] [--seeds 10] [--few 10,50,250] [--pretrain 2000] [--twice] [--results FILE]
// The files are those of Debian's dataset-fashion-mnist. A service of its own is started and asked as any client asks it; --twice runs the first point again, on a
// service started anew, and compares the digests.
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { createRandom } from "../chaos/random.mjs";
import { startService } from "../chaos/service.mjs";
import { errorOf, meanOf } from "./default-job.mjs";
import { tarEntry, tarOf } from "./tar.mjs";

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "/usr/share/datasets/fashion-mnist" },
    seeds: { type: "string", default: "10" },
    few: { type: "string", default: "10,50,250" },
    pretrain: { type: "string", default: "2000" },
    twice: { type: "boolean", default: false },
    results: { type: "string" },
  },
});
const { createDescent } = await import("../../dist/src/client/descent.js");
const imageBytes = 28 * 28;
const [firstClasses, lastClasses] = [
  [0, 1, 2, 3, 4],
  [5, 6, 7, 8, 9],
];
const sizes = values.few.split(",").map(Number);
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);

/** Student's 97.5 % quantile: 1 to 30 degrees of freedom, then the normal's. */
const quantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
const intervalOf = (numbers) => (quantiles[numbers.length - 2] ?? 1.96) * errorOf(numbers);

const readSet = (name) => {
  const images = gunzipSync(readFileSync(join(values.files, `${name}-images-idx3-ubyte.gz`))).subarray(16);
  const labels = gunzipSync(readFileSync(join(values.files, `${name}-labels-idx1-ubyte.gz`))).subarray(8);
  const placesOf = (label) => [...labels.keys()].filter((at) => labels[at] === label);
  return { images, labels, placesOf };
};

/** So many of the places, drawn without replacement. */
const draw = (places, count, random) => {
  const left = [...places];
  for (let i = 0; i < count; i++) {
    const j = i + random.below(left.length - i);
    [left[i], left[j]] = [left[j], left[i]];
  }
  return left.slice(0, count);
};

/** Some images of a set as a tar of its two IDX files. */
const archive = ({ images, labels }, places) => {
  const [head3, head1] = [Buffer.alloc(16), Buffer.alloc(8)];
  for (const [i, word] of [0x803, places.length, 28, 28].entries()) head3.writeUInt32BE(word, 4 * i);
  for (const [i, word] of [0x801, places.length].entries()) head1.writeUInt32BE(word, 4 * i);
  const pixels = places.map((at) => images.subarray(at * imageBytes, (at + 1) * imageBytes));
  const files = [
    tarEntry("train-images-idx3-ubyte", Buffer.concat([head3, ...pixels])),
    tarEntry("train-labels-idx1-ubyte", Buffer.concat([head1, Buffer.from(places.map((at) => labels[at]))])),
  ];
  return tarOf(files);
};

const model = {
  type: "cnn",
  layers: [
    { type: "conv2d", filters: 16, padding: "same", activation: "relu" },
    { type: "max_pool" },
    { type: "conv2d", filters: 32, padding: "same", activation: "relu" },
    { type: "max_pool" },
    { type: "dense", units: 64, activation: "relu" },
  ],
};
const trainingOf = (epochs, seed) => ({
  ...{ epochs, batchSize: 32, seed, earlyStopping: false, penaltySearch: false },
  split: { validation: 0, test: 0 },
});
const resources = { threads: 1 };
const task = { type: "classification", label: "label" };
const optimizer = { type: "adam", learningRate: 0.001 };
/** About 400 steps or 20 epochs, whichever is more: the same for both, said before anything was seen. */
const epochsOf = (images) => Math.max(20, Math.ceil(400 / Math.ceil(images / 32)));

const finished = async (client, job) => {
  const done = await client.jobs.wait(job.id);
  if (done.state !== "succeeded") throw new Error(`${done.id} ${done.state}: ${JSON.stringify(done.error)}`);
  return done;
};

/** The share of images whose label a model gives, by a prediction of the whole data set. */
const accuracyOf = async (client, modelId, dataset, truths) => {
  const path = `/v1/models/${encodeURIComponent(modelId)}/predictions`;
  const job = await client.request(path, { method: "POST", json: { dataset: dataset.id } });
  await finished(client, job);
  const lines = (await (await client.jobs.answers(job.id, { format: "ndjson" })).text()).trim().split("\n");
  if (lines.length !== truths.length) throw new Error(`${lines.length} answers to ${truths.length} images`);
  return lines.filter((line, i) => JSON.parse(line).label === String(truths[i])).length / truths.length;
};

const prepare = async (client, train, test) => {
  const random = createRandom(1);
  const places = firstClasses.flatMap((label) => draw(train.placesOf(label), Number(values.pretrain), random));
  const dataset = await client.datasets.upload(archive(train, places), {
    name: "classes 0-4",
    contentType: "application/x-tar",
  });
  const spec = { dataset: dataset.id, task, model, optimizer, training: trainingOf(8, 1), resources };
  const base = await finished(client, await client.jobs.submit(spec));
  const heldOut = lastClasses.flatMap((label) => test.placesOf(label));
  const heldOutSet = await client.datasets.upload(archive(test, heldOut), {
    name: "held out 5-9",
    contentType: "application/x-tar",
  });
  return { base: base.model, heldOutSet, truths: heldOut.map((at) => test.labels[at]) };
};

/** Both ways on one draw of images: their accuracies and the digests of their weights. */
const runPoint = async (client, train, { base, heldOutSet, truths }, few, seed) => {
  const random = createRandom(1000 * few + seed);
  const places = lastClasses.flatMap((label) => draw(train.placesOf(label), few, random));
  const dataset = await client.datasets.upload(archive(train, places), {
    name: `${few} a class, seed ${seed}`,
    contentType: "application/x-tar",
  });
  const shared = {
    dataset: dataset.id,
    task,
    optimizer,
    training: trainingOf(epochsOf(places.length), seed),
    resources,
  };
  const measure = async (spec) => {
    const job = await finished(client, await client.jobs.submit({ ...shared, ...spec }));
    const { digest } = await client.models.get(job.model);
    return { accuracy: await accuracyOf(client, job.model, heldOutSet, truths), digest };
  };
  const [tuned, scratch] = await Promise.all([measure({ base: { model: base, newHead: true } }), measure({ model })]);
  return { few, seed, tuned, scratch };
};

const withService = async (use) => {
  const folder = mkdtempSync(join(tmpdir(), "descent-fashion-"));
  const service = await startService(folder, { workers: 1, leaseSeconds: 30, checkpointSeconds: 60 });
  try {
    return await use(createDescent({ url: service.url }));
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

const percent = (share) => (100 * share).toFixed(1);
const tableOf = (points) => [
  "| images a class | fine-tuned | from scratch | difference |",
  "| --- | --- | --- | --- |",
  ...sizes.map((few) => {
    const own = points.filter((point) => point.few === few);
    const [tuned, scratch] = [own.map((point) => point.tuned.accuracy), own.map((point) => point.scratch.accuracy)];
    const gains = tuned.map((accuracy, i) => accuracy - scratch[i]);
    const cells = [tuned, scratch, gains].map(
      (numbers) => `${percent(meanOf(numbers))} ± ${percent(intervalOf(numbers))} %`,
    );
    return `| ${few} | ${cells.join(" | ")} |`;
  }),
];

const [train, test] = [readSet("train"), readSet("t10k")];
const began = performance.now();
const points = await withService(async (client) => {
  const prepared = await prepare(client, train, test);
  const all = [];
  for (const few of sizes)
    for (const seed of seeds) {
      const point = await runPoint(client, train, prepared, few, seed);
      all.push(point);
      const line = `${JSON.stringify(point)}\n`;
      process.stdout.write(line);
      if (values.results !== undefined) appendFileSync(values.results, line);
    }
  return all;
});
process.stdout.write(`${tableOf(points).join("\n")}\n${Math.round((performance.now() - began) / 1000)} s\n`);
if (values.twice) {
  const again = await withService(async (client) =>
    runPoint(client, train, await prepare(client, train, test), points[0].few, points[0].seed),
  );
  if (JSON.stringify(again) !== JSON.stringify(points[0])) throw new Error("the first point came out otherwise again");
  process.stdout.write("The first point again, from the pre-training on: the same accuracies and digests.\n");
}
