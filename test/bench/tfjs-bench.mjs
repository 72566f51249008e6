// The bench's workloads in TensorFlow.js on its WebAssembly backend: node tfjs-bench.mjs FOLDER, FOLDER having @tensorflow/tfjs and
// @tensorflow/tfjs-backend-wasm in its node_modules. Speaks the protocol of partner.mjs. A workload whose gradients the backend lacks answers {}.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { workloads } from "./workloads.mjs";

const require = createRequire(join(process.argv[2], "package.json"));
// Names in parts: these are no dependencies of this package.
const scoped = (name) => `@tensorflow/${name}`;
const tf = require(scoped("tfjs"));
const wasm = require(scoped("tfjs-backend-wasm"));
wasm.setWasmPaths(`${dirname(require.resolve(scoped("tfjs-backend-wasm")))}/`);
wasm.setThreadsCount?.(1);
await tf.setBackend("wasm");

const toLayers = ({ model }) => {
  if (model.type === "mlp") {
    return model.hidden.flatMap((units) => [
      tf.layers.dense({ units }),
      ...(model.batchNorm ? [tf.layers.batchNormalization()] : []),
      tf.layers.activation({ activation: "relu" }),
    ]);
  }
  let flat = false;
  return model.layers.flatMap((layer) => {
    if (layer.type === "conv2d") {
      const padding = layer.padding === "valid" ? "valid" : "same";
      return [tf.layers.conv2d({ filters: layer.filters, kernelSize: layer.kernel, padding, activation: "relu" })];
    }
    if (layer.type === "average_pool") return [tf.layers.averagePooling2d({ poolSize: layer.size })];
    if (layer.type === "max_pool") return [tf.layers.maxPooling2d({ poolSize: layer.size })];
    const before = flat ? [] : [tf.layers.flatten()];
    flat = true;
    return [...before, tf.layers.dense({ units: layer.units, activation: "relu" })];
  });
};

const createTrainer = (workload) => {
  const { inputs, outputs, batch, model } = workload;
  const shape = model.type === "cnn" ? [model.input.height, model.input.width, model.input.channels] : [inputs];
  const network = tf.sequential();
  const input = tf.layers.inputLayer({ inputShape: shape });
  for (const layer of [input, ...toLayers(workload), tf.layers.dense({ units: outputs, activation: "softmax" })])
    network.add(layer);
  network.compile({ optimizer: tf.train.adam(0.001), loss: "categoricalCrossentropy" });
  const x = tf.randomNormal([batch, ...shape]);
  const y = tf.oneHot(tf.randomUniform([batch], 0, outputs, "int32"), outputs);
  return async () => {
    await network.trainOnBatch(x, y);
    return batch;
  };
};

const trainers = new Map();
process.stdout.write(`${JSON.stringify({ version: tf.version.tfjs })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const [name, seconds] = line.split(" ");
  let answer = {};
  try {
    if (!trainers.has(name)) {
      const train = createTrainer(workloads[name]);
      await train();
      trainers.set(name, train);
    }
    const [train, startMs] = [trainers.get(name), performance.now()];
    let samples = 0;
    while (performance.now() - startMs < Number(seconds) * 1000) samples += await train();
    answer = { samples, seconds: (performance.now() - startMs) / 1000 };
  } catch (error) {
    process.stderr.write(`tfjs, ${name}: ${error.message}\n`);
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
