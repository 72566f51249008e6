// node test/load/serving.mjs [--seconds N] [--rounds R] [--clients 1,8,64] [--json]
//
// Predictions a second and their times at so many clients that each ask again when they have their answer: of a small and a wide MLP, a row a request, and of the
// published MobileNet v1 0.25, a JPEG a request. Two services take turns in each round, one with micro-batching as it comes, one without
// (PREDICT_BATCH_ROWS=1); services, trainers and the clients share the machine. Figures are medians of the rounds.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { createClient } from "../chaos/client.mjs";
import { quantile } from "../chaos/quantile.mjs";
import { startService } from "../chaos/service.mjs";
import { generate } from "./processes.mjs";

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "4" },
    rounds: { type: "string", default: "3" },
    clients: { type: "string", default: "1,8,64" },
    json: { type: "boolean", default: false },
  },
});
const [seconds, rounds] = [Number(options.seconds), Number(options.rounds)];
const clients = options.clients.split(",").map(Number);
const sides = { batched: {}, alone: { PREDICT_BATCH_ROWS: "1" } };
const json = { "content-type": "application/json" };
const data = (name) => readFile(new URL(`../data/${name}`, import.meta.url));

const rowOf = (csv) => {
  const [header, first] = csv.toString().split("\n");
  const cells = first.split(",");
  return Object.fromEntries(
    header
      .split(",")
      .map((name, i) => [name, cells[i]])
      .slice(0, -1)
      .map(([name, cell]) => [name, Number(cell)]),
  );
};

/** Trains an MLP on a table of the tests, whose last column is its label. */
const trainMlp = async (client, name, label, hidden) => {
  const csv = await data(`${name}.csv`);
  const { id: dataset } = await client.upload(csv);
  const spec = {
    dataset,
    task: { type: "classification", label },
    model: { type: "mlp", hidden },
    training: { epochs: 3 },
  };
  const { id } = await client.submit(spec, `${name}-${hidden}`);
  const { model } = await client.finished(id);
  return { path: `/v1/models/${model}/predict`, body: JSON.stringify({ rows: [rowOf(csv)] }) };
};

const importMobilenet = async (client) => {
  const headers = { "content-type": "application/onnx" };
  const path = "/v1/models?name=mobilenet&preprocessing=minus_one_to_one";
  const response = await client.once(path, {
    method: "POST",
    headers,
    body: await data("imagenet/mobilenet_v1_025_224.onnx"),
  });
  const { id, inputs } = await response.json();
  const pixels = Buffer.from(
    Uint8Array.from({ length: 320 * 256 * 3 }, (_, i) => 128 + 100 * Math.sin(i / 700) * Math.cos(i / 3)),
  );
  const picture = await sharp(pixels, { raw: { width: 320, height: 256, channels: 3 } })
    .jpeg()
    .toBuffer();
  return {
    path: `/v1/models/${id}/predict`,
    body: JSON.stringify({ rows: [{ [inputs[0].name]: picture.toString("base64") }] }),
  };
};

const prepare = async (folder, name, env) => {
  const service = await startService(join(folder, name), { workers: 1, leaseSeconds: 10, checkpointSeconds: 10, env });
  const client = createClient(service.url);
  const models = {
    "MLP 13-64-32-3": await trainMlp(client, "wine", "cultivar", [64, 32]),
    "MLP 64-2048-2048-10": await trainMlp(client, "digits", "digit", [2048, 2048]),
    "MobileNet v1 0.25": await importMobilenet(client),
  };
  return { service, models };
};

const ask = async ({ service, models }, model, connections, forSeconds) => {
  const kind = { name: "predict", share: 1, method: "POST", headers: json, ...models[model] };
  const order = { url: service.url, kinds: [kind], seed: 1, seconds: forSeconds, connections };
  const { servedMs, refusedMs, counts, errors } = await generate(order);
  const odd = counts.filter(({ status }) => status !== 200 && status !== 503);
  if (odd.length > 0 || Object.keys(errors).length > 0) throw new Error(JSON.stringify({ odd, errors }));
  const [p50, p99] = [quantile(servedMs, 0.5), quantile(servedMs, 0.99)];
  return { perSecond: servedMs.length / forSeconds, p50, p99, refused: refusedMs.length };
};

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Turn by turn; what is measured first is for the compiler. */
const measure = async (services, model, connections) => {
  const runs = { batched: [], alone: [] };
  for (let round = 0; round <= rounds; round++)
    for (const side of Object.keys(sides)) {
      const run = await ask(services[side], model, connections, round === 0 ? 1 : seconds);
      if (round > 0) runs[side].push(run);
    }
  const figures = (side) =>
    Object.fromEntries(
      ["perSecond", "p50", "p99", "refused"].map((name) => [name, median(runs[side].map((run) => run[name]))]),
    );
  const ratio = median(runs.batched.map(({ perSecond }, i) => perSecond / runs.alone[i].perSecond));
  return { model, clients: connections, batched: figures("batched"), alone: figures("alone"), ratio };
};

const row = ({ model, clients: count, batched, alone, ratio }) => {
  const cells = ({ perSecond, p50, p99, refused }) => [
    `${perSecond.toFixed(0)}${refused > 0 ? ` (${refused} refused)` : ""}`,
    `${p50.toFixed(1)}, ${p99.toFixed(1)} ms`,
  ];
  return `| ${[model, count, ...cells(batched), ...cells(alone), ratio.toFixed(2)].join(" | ")} |`;
};

const folder = await mkdtemp(join(tmpdir(), "descent-serving-"));
const services = {};
try {
  const say = (text) => void (options.json || console.log(text));
  say(`${availableParallelism()} cores, a load of ${loadavg()[0].toFixed(1)} before, Node ${process.version}\n`);
  for (const [side, env] of Object.entries(sides)) services[side] = await prepare(folder, side, env);
  say("| model | clients | a second | p50, p99 | without batching | p50, p99 | ratio |");
  say(`|${" --- |".repeat(7)}`);
  for (const model of Object.keys(services.batched.models))
    for (const count of clients) {
      const measured = await measure(services, model, count);
      console.log(options.json ? JSON.stringify(measured) : row(measured));
    }
} finally {
  await Promise.all(Object.values(services).map(({ service }) => service.stop()));
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
