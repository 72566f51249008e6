// Fine-tuning the published MobileNet with all but its head frozen: its values computed once for each row, against computed in each step, in one run.
//   node test/bench/frozen.mjs [--rows 200] [--epochs 5] [--kernels auto|wasm|native]
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "200" },
    epochs: { type: "string", default: "5" },
    kernels: { type: "string", default: "auto" },
  },
});
const part = (path) => import(new URL(`../../dist/src/${path}.js`, import.meta.url).href);
const { JobSpec } = await part("domain/jobs/spec/job-spec");
const { createIntake } = await part("engine/train/fitting/intake");
const { fit } = await part("engine/train/fitting/fit");
const { createTrainingMemory, dataViews, weightTensors } = await part("engine/train/fitting/memory");
const { planTraining } = await part("engine/train/planning/plan-training");
const { leadTeam } = await part("engine/parallel/team");
const { compileKernels } = await part("engine/kernels/load");
const { loadEngineKernels } = await part("engine/kernels/engine-kernels");
const { chooseKernels } = await part("engine/kernels/native/choose");
const { readOnnxNetwork } = await part("formats/onnx/read-network");

const file = readFileSync(new URL("../data/imagenet/mobilenet_v1_025_224.onnx", import.meta.url));
const { network, data } = readOnnxNetwork(new Uint8Array(file));
const [trainRows, epochs, classes, inputs] = [Number(values.rows), Number(values.epochs), 5, 224 * 224 * 3];
const parsed = JobSpec.parse({
  dataset: "ds_01JD0000000000000000000000",
  task: { type: "classification", label: "label" },
  model: { type: "network" },
  loss: { type: "cross_entropy" },
  optimizer: { type: "adam", learningRate: 0.01 },
  training: { epochs, batchSize: 32, earlyStopping: false, l2: 0, penaltySearch: false },
  base: { model: "mdl_01JD0000000000000000000000", freeze: "all but the head", newHead: true },
  resources: { threads: 1, memoryBytes: 3 * 1024 ** 3 },
});
const spec = { ...parsed, network };
const { head } = network;
const initial = new Map([...data].filter(([name]) => name !== head.weight && name !== head.bias));
const { native } = await chooseKernels(values.kernels);
const kernels = { module: await compileKernels(), native };

/** The pixels of a row: they only have to differ. */
const writeRow = (row, out, at) => {
  for (let i = 0; i < inputs; i++) out[at + i] = (((row + 1) * 7919 + i * (row + 3)) % 511) / 255 - 1;
};

const measure = async (keepFeatures) => {
  const shape = { trainRows, validationRows: 0, testRows: 0, inputs, outputs: classes };
  const plan = planTraining(spec, shape, { keepFeatures });
  const memory = createTrainingMemory(plan);
  const team = leadTeam(plan, memory, await loadEngineKernels(kernels, memory));
  const { train } = dataViews(plan, memory);
  const startMs = performance.now();
  for (let row = 0; row < trainRows; row++) train.labels[row] = row % classes;
  const intake = createIntake(plan, memory, team, { initial, onBatch: () => {} });
  for (let row = 0, held = []; row < trainRows; row++) {
    if (intake === null) writeRow(row, train.features, row * inputs);
    else {
      writeRow(row, intake.input, held.length * inputs);
      held.push({ split: "train", row });
      if (held.length === intake.rows || row === trainRows - 1) intake.take(held.splice(0));
    }
  }
  const readMs = performance.now() - startMs;
  const control = new Int32Array(new SharedArrayBuffer(4));
  const clock = { control, nowMs: () => performance.now(), checkpointEveryMs: 1e12 };
  // biome-ignore lint/suspicious/noFocusedTests: fit is the engine's, no test.
  await fit(plan, memory, team, { ...clock, initial });
  const seconds = (performance.now() - startMs) / 1000;
  const sum = weightTensors(plan, memory).reduce((total, tensor) => total + tensor.data.reduce((a, b) => a + b, 0), 0);
  return { seconds, readSeconds: readMs / 1000, megabytes: plan.memoryBytes / 2 ** 20, sum };
};

const [kept, computed] = [await measure(true), await measure(false)];
if (kept.sum !== computed.sum) throw new Error("the weights differ");
const round = (value) => Number(value.toPrecision(3));
const result = {
  ...{ rows: trainRows, epochs, kernels: native === null ? "wasm" : "native" },
  ...{ keptSeconds: round(kept.seconds), computedSeconds: round(computed.seconds) },
  ...{
    speedUp: round(computed.seconds / kept.seconds),
    secondsPer1000Images: round((1000 * kept.seconds) / trainRows),
  },
  ...{ keptMegabytes: round(kept.megabytes), computedMegabytes: round(computed.megabytes) },
};
process.stdout.write(`${JSON.stringify(result)}\n`);
