// torchvision's networks, as torchvision-networks.py exports them, read by Descent and asked for the same outputs. Prints a table.
//   npm run build && node test/bench/torchvision.mjs resnet18 mobilenet_v2 …
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileKernels } from "../../dist/src/engine/kernels/load.js";
import { createNetworkPredictor } from "../../dist/src/engine/train/network-predictor.js";
import { readOnnxNetwork } from "../../dist/src/formats/onnx/read-network.js";

const names = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "torchvision-"));
const script = fileURLToPath(new URL("torchvision-networks.py", import.meta.url));
const kernels = { module: await compileKernels(), native: null };
const floats = (path) => new Float32Array(new Uint8Array(readFileSync(path)).buffer);

/** Batch × channels × pixels to channels last. */
const channelsLast = (x, channels, pixels) =>
  x.map((_, i) => {
    const [row, pixel, channel] = [
      Math.floor(i / (channels * pixels)),
      Math.floor(i / channels) % pixels,
      i % channels,
    ];
    return x[(row * channels + channel) * pixels + pixel];
  });

const compare = async (file, name) => {
  const { network, data, warnings } = readOnnxNetwork(new Uint8Array(readFileSync(join(folder, file))));
  const [channels, height, width] = network.inputs[0].shape;
  const [x, y] = [floats(join(folder, `${name}.x.f32`)), floats(join(folder, `${name}.y.f32`))];
  const predictor = await createNetworkPredictor(network, data, kernels);
  const [outputs] = predictor.predict(
    [channelsLast(x, channels, height * width)],
    x.length / (channels * height * width),
  );
  const worst = y.reduce((most, value, i) => Math.max(most, Math.abs(value - outputs[i])), 0);
  const largest = y.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const parameters = [...data.values()].reduce((sum, values) => sum + values.length, 0);
  return [
    name,
    file.split(".")[1],
    parameters,
    network.nodes.length,
    worst.toExponential(1),
    largest.toFixed(2),
    warnings.length,
  ];
};

try {
  console.log("| network | batch norms | numbers | nodes | largest difference | largest output | warnings |");
  console.log(`|${" --- |".repeat(7)}`);
  for (const name of names) {
    execFileSync("/usr/bin/python3", [script, folder, name], { stdio: ["ignore", "inherit", "ignore"] });
    for (const file of readdirSync(folder).filter((one) => one.startsWith(`${name}.`) && one.endsWith(".onnx"))) {
      const cells = await compare(file, name).catch((error) => [name, file.split(".")[1], error.message]);
      console.log(`| ${cells.join(" | ")} |`);
    }
    for (const file of readdirSync(folder)) rmSync(join(folder, file));
  }
} finally {
  rmSync(folder, { recursive: true });
}
