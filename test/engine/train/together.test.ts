import { describe, expect, it } from "vitest";
import type { KernelSource } from "../../../src/engine/kernels/engine-kernels.ts";
import { findLibrary } from "../../../src/engine/kernels/native/find-library.ts";
import { levelsOf } from "../../../src/engine/kernels/native/library.ts";
import { batchLadder, nextBatch } from "../../../src/engine/train/batch-sizes.ts";
import { weightTensors } from "../../../src/engine/train/fitting/memory.ts";
import { createNetworkPredictor } from "../../../src/engine/train/network-predictor.ts";
import { createPredictor } from "../../../src/engine/train/predictor.ts";
import { readOnnxNetwork } from "../../../src/formats/onnx/read-network.ts";
import { mobilenet } from "../../formats/onnx/mobilenet.ts";
import { spread } from "../graph/check-gradient.ts";
import { compiled, runJob, specOf } from "./job.ts";

const found = await findLibrary();
const path = "path" in found ? found.path : "";
const levels = path === "" ? [] : ((await levelsOf(path)) ?? []);
const { module } = await compiled;
const sources: [string, KernelSource][] = [
  ["WebAssembly", { module, native: null }],
  ...levels.map((level): [string, KernelSource] => [`native kernels (${level})`, { module, native: { path, level } }]),
];

const bitsOf = (values: Float32Array): number[] => [...new Uint32Array(values.slice().buffer)];

/** The rows alone, and in groups of many sizes, each from another row on: all have the same bits. */
const requireEqualBits = (
  predict: (rows: Float32Array) => Float32Array,
  inputs: number,
  groups: readonly number[],
): void => {
  const most = Math.max(...groups);
  const rows = Float32Array.from(spread(most * inputs, -2, 2, 7));
  const alone = Array.from({ length: most }, (_, row) => predict(rows.slice(row * inputs, (row + 1) * inputs)));
  const outputs = alone[0]!.length;
  for (const count of groups) {
    const together = predict(rows.slice(0, count * inputs));
    for (let row = 0; row < count; row++)
      expect(bitsOf(together.slice(row * outputs, (row + 1) * outputs)), `row ${row} of ${count}`).toEqual(
        bitsOf(alone[row]!),
      );
  }
};

describe.each(sources)("a row has the same bits alone and with others, in %s:", (_, kernels) => {
  it.each([
    ["an MLP", { type: "mlp", hidden: [37, 19], activation: "gelu", batchNorm: true }, 75],
    ["a softmax", { type: "softmax" }, 75],
    [
      "a CNN",
      {
        type: "cnn",
        input: { height: 5, width: 5, channels: 3 },
        layers: [
          { type: "conv2d", filters: 7, kernel: 3 },
          { type: "max_pool", size: 2 },
          { type: "dense", units: 11 },
        ],
      },
      75,
    ],
  ])("%s", async (_name, model, inputs) => {
    const spec = specOf({ model, training: { epochs: 1 } });
    const shape = { trainRows: 32, validationRows: 0, testRows: 0, inputs, outputs: 3 };
    const { plan, memory } = await runJob(spec, shape, { classes: 3 });
    const weights = new Map(weightTensors(plan, memory).map(({ name, data }) => [name, data]));
    const predictor = await createPredictor(spec, { inputs, outputs: 3 }, weights, kernels);
    requireEqualBits(predictor.predict, inputs, [2, 7, 8, 9, 24, 33, 64, 300]);
  });

  it("an imported network", async () => {
    const { network, data } = readOnnxNetwork(mobilenet.onnx());
    const predictor = await createNetworkPredictor(network, data, kernels);
    requireEqualBits((rows) => predictor.predict([rows], rows.length / 150_528)[0]!, 150_528, [2, 3, 5, 17]);
  });
});

describe("batch sizes", () => {
  it("grow fourfold up to the largest", () => {
    expect(batchLadder(8, 256)).toEqual([8, 32, 128, 256]);
    expect(batchLadder(1, 50)).toEqual([1, 4, 16, 50]);
    expect(batchLadder(1, 1)).toEqual([1]);
  });

  it("are filled, or nearly", () => {
    const sizes = batchLadder(1, 64);
    expect([1, 2, 3, 4, 11, 12, 47, 48, 64, 1000].map((rows) => nextBatch(sizes, rows))).toEqual([
      1, 1, 4, 4, 4, 16, 16, 64, 64, 64,
    ]);
    expect([1, 8, 9, 24, 25].map((rows) => nextBatch(batchLadder(8, 256), rows))).toEqual([8, 8, 8, 32, 32]);
  });
});
