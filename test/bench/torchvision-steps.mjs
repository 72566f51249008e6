// Five steps of SGD on torchvision's networks, here and in PyTorch from the same weights, and in PyTorch with float64: how far the weights moved, and the largest differences of any weight.
//   npm run build && node test/bench/torchvision-steps.mjs SIZE RATE batch|averages resnet18 squeezenet1_1 …
// Batch norms take the mini-batch's statistics, or keep to running averages and learn their scale and offset.
// Where PyTorch in float32 is as far from float64 as we are, rounding alone leads so far: the steps are chaotic there, and a smaller rate or running averages tell more.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ModelSpec } from "../../dist/src/domain/jobs/spec/model-spec.js";
import { OptimizerSpec } from "../../dist/src/domain/jobs/spec/optimizer-spec.js";
import { loadEngineKernels } from "../../dist/src/engine/kernels/engine-kernels.js";
import { compileKernels } from "../../dist/src/engine/kernels/load.js";
import { leadTeam } from "../../dist/src/engine/parallel/team.js";
import { fit as fitPlan } from "../../dist/src/engine/train/fitting/fit.js";
import { createTrainingMemory, dataViews, weightTensors } from "../../dist/src/engine/train/fitting/memory.js";
import { planTraining } from "../../dist/src/engine/train/planning/plan-training.js";
import { readOnnxNetwork } from "../../dist/src/formats/onnx/read-network.js";

const [size, rate, norms, ...names] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "torchvision-steps-"));
const script = fileURLToPath(new URL("torchvision-steps.py", import.meta.url));
const kernels = { module: await compileKernels(), native: null };
const read = (name) => readOnnxNetwork(new Uint8Array(readFileSync(join(folder, name))));

const specOf = (network) => ({
  dataset: "ds_test",
  task: { type: "classification", label: "y" },
  model: ModelSpec.parse({ type: "softmax" }),
  loss: { type: "cross_entropy", labelSmoothing: 0 },
  optimizer: OptimizerSpec.parse({ type: "sgd", learningRate: Number(rate) }),
  training: {
    ...{ epochs: 5, batchSize: "full", split: { validation: 0, test: 0, stratify: true }, earlyStopping: false },
    ...{ l1: 0, l2: 0, shuffle: false, seed: 42, penaltySearch: false },
  },
  resources: { threads: 1, memoryBytes: 3 * 1024 ** 3, maxSeconds: 3600, priority: 0, backend: "wasm" },
  labels: {},
  ...(norms === "averages" ? { base: { model: "mdl_test", newHead: false, freeze: [], frozenBatchNorm: true } } : {}),
  network,
});

const train = async (before) => {
  const { network, data } = before;
  const [channels, height, width] = network.inputs[0].shape;
  const [pixels, rows] = [height * width, 4];
  const x = new Float32Array(new Uint8Array(readFileSync(join(folder, "x.f32"))).buffer);
  const shape = {
    trainRows: rows,
    validationRows: 0,
    testRows: 0,
    trialRows: 0,
    inputs: channels * pixels,
    outputs: 10,
  };
  const plan = planTraining(specOf(network), shape);
  const memory = createTrainingMemory(plan);
  const { train: views } = dataViews(plan, memory);
  for (let row = 0; row < rows; row++)
    for (let pixel = 0; pixel < pixels; pixel++)
      for (let c = 0; c < channels; c++)
        views.features[(row * pixels + pixel) * channels + c] = x[(row * channels + c) * pixels + pixel];
  views.labels.set([0, 1, 2, 3]);
  const team = leadTeam(plan, memory, await loadEngineKernels(kernels, memory));
  await fitPlan(plan, memory, team, {
    control: new Int32Array(new SharedArrayBuffer(4)),
    nowMs: () => performance.now(),
    checkpointEveryMs: 1e9,
    initial: data,
  });
  team.dismiss();
  return weightTensors(plan, memory);
};

/** The largest difference of a weight and of a running average; averages may be large: theirs is relative to what is above 1. */
const furthest = (tensors, wanted, kinds) => {
  const worst = { weight: 0, statistic: 0 };
  for (const { name, data } of tensors) {
    const kind = kinds.get(name) === "statistic" ? "statistic" : "weight";
    const others = wanted.get(name);
    for (let i = 0; i < data.length; i++) {
      const scale = kind === "statistic" ? Math.max(1, Math.abs(others[i])) : 1;
      worst[kind] = Math.max(worst[kind], Math.abs(data[i] - others[i]) / scale);
    }
  }
  return worst;
};

const columns = [
  "network",
  "numbers",
  "largest move",
  "ours from PyTorch",
  "ours from float64",
  "PyTorch from float64",
];

try {
  console.log(`| ${[...columns, "averages: ours from PyTorch"].join(" | ")} |`);
  console.log(`|${" --- |".repeat(7)}`);
  for (const name of names) {
    try {
      execFileSync("/usr/bin/python3", [script, folder, size, rate, norms, name], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      const [before, after, exact] = [read("before.onnx"), read("after.onnx"), read("exact.onnx")];
      const kinds = new Map(before.network.tensors.map((tensor) => [tensor.name, tensor.kind]));
      const trained = await train(before);
      const theirs = trained.map((tensor) => ({ name: tensor.name, data: after.data.get(tensor.name) }));
      const ours = furthest(trained, after.data, kinds);
      const cells = [
        furthest(theirs, before.data, kinds).weight,
        ...[ours.weight, furthest(trained, exact.data, kinds).weight, furthest(theirs, exact.data, kinds).weight],
        ours.statistic,
      ].map((value) => value.toExponential(1));
      const count = trained.reduce((sum, { data }) => sum + data.length, 0);
      console.log(`| ${name} | ${count} | ${cells.join(" | ")} |`);
    } catch (error) {
      console.log(`| ${name} | ${String(error.message).split("\n").filter(Boolean).at(-1).slice(0, 160)} |`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
