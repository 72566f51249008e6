import { describe, expect, test } from "vitest";
import { findLibrary } from "../../../src/engine/kernels/native/find-library.ts";
import { levelsOf } from "../../../src/engine/kernels/native/library.ts";
import { weightTensors } from "../../../src/engine/train/fitting/memory.ts";
import { createNetworkPredictor } from "../../../src/engine/train/network-predictor.ts";
import { exportImported } from "../../../src/exporting/export-imported.ts";
import { readOnnxNetwork } from "../../../src/formats/onnx/read-network.ts";
import { spread } from "../../engine/graph/check-gradient.ts";
import { compiled, runJob, specOf } from "../../engine/train/job.ts";
import { bytesOf, runOnnx } from "../../exporting/runtime.ts";
import { modelOf, nodeOf, portOf, tensorOf } from "./tiny-network.ts";

const numbers = (count: number, seed: number): number[] => [...spread(count, -0.5, 0.5, seed)];

/** A picture of 3 × 5 made larger twice, in two groups and in one, with paddings and a row more. */
const decoder = (): Uint8Array<ArrayBuffer> => {
  const places = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 0, 1] };
  return modelOf({
    nodes: [
      nodeOf("ConvTranspose", ["x", "w", "b"], "wider", { ...places, group: 2, output_padding: [1, 0] }),
      nodeOf("Relu", ["wider"], "bent"),
      nodeOf("ConvTranspose", ["bent", "v"], "widest", { kernel_shape: [2, 3], dilations: [2, 1] }),
      nodeOf("Flatten", ["widest"], "flat"),
      nodeOf("Gemm", ["flat", "u", "c"], "y", { transB: 1 }),
    ],
    initializers: [
      tensorOf("w", [4, 3, 3, 3], numbers(108, 1)),
      tensorOf("b", [6], numbers(6, 2)),
      tensorOf("v", [6, 2, 2, 3], numbers(72, 3)),
      tensorOf("u", [3, 2 * 9 * 11], numbers(3 * 198, 4)),
      tensorOf("c", [3], numbers(3, 5)),
    ],
    inputs: [portOf("x", ["batch", 4, 3, 5])],
    outputs: [portOf("y", ["batch", 3])],
  });
};

const about = {
  ...{ id: "mdl_01JD0000000000000000000000", name: "imported", digest: "sha256:0" },
  ...{ image: null, labels: null, licence: null, source: null },
} as const;

const found = await findLibrary();
const path = "path" in found ? found.path : "";
const libraries = ((path === "" ? null : await levelsOf(path)) ?? []).map((level) => ({ path, level }));

describe("transposed convolutions", () => {
  const { network, data } = readOnnxNetwork(decoder());
  const inputs = 4 * 3 * 5;

  test("say what onnxruntime says, of the file and of what is exported", async () => {
    const rows = 3;
    const x = Float32Array.from(spread(rows * inputs, -1, 1, 6));
    const feeds = { x: { type: "float32", dims: [rows, 4, 3, 5], data: x } } as const;
    const exported = bytesOf(exportImported(about, network, data, { preprocessing: true }));
    const [theirs] = Object.values(await runOnnx(decoder(), feeds));
    const [again] = Object.values(await runOnnx(exported, feeds));
    const { predict } = await createNetworkPredictor(network, data, await compiled);
    const pixels = Float32Array.from(x, (_, i) => {
      const [row, pixel, channel] = [Math.floor(i / inputs), Math.floor(i / 4) % 15, i % 4];
      return x[row * inputs + channel * 15 + pixel]!;
    });
    const [ours] = predict([pixels], rows);
    expect(ours).toHaveLength(9);
    for (const [i, value] of ours!.entries()) {
      expect(value).toBeCloseTo(Number(theirs!.data[i]), 5);
      expect(Number(again!.data[i])).toBeCloseTo(Number(theirs!.data[i]), 5);
    }
  });

  test("learn, to the same bits on any threads and by any kernels", async () => {
    const optimizer = { type: "momentum", learningRate: 0.05 };
    const parts = { model: { type: "network" }, optimizer, training: { epochs: 3, batchSize: 8 } };
    const spec = { ...specOf({ ...parts, base: {} }), network };
    const shape = { trainRows: 21, validationRows: 5, testRows: 0, inputs, outputs: 3 };
    const run = (options: object) => runJob(spec, shape, { initial: data, classes: 3, ...options });
    const first = await run({});
    for (const { name, data: trained } of weightTensors(first.plan, first.memory))
      expect(trained, name).not.toEqual(data.get(name));
    for (const threads of [2, 3, 4]) expect((await run({ threads })).digest, `${threads} threads`).toBe(first.digest);
    for (const native of libraries)
      for (const threads of [1, 2]) expect((await run({ native, threads })).digest, native.level).toBe(first.digest);
  });

  test("whose output no input of this size comes from are refused", () => {
    const places = { kernel_shape: [3, 3], strides: [2, 2], output_padding: [2, 0] };
    const odd = modelOf({
      nodes: [nodeOf("ConvTranspose", ["x", "w"], "y", places)],
      initializers: [tensorOf("w", [4, 1, 3, 3], numbers(36, 1))],
      inputs: [portOf("x", ["batch", 4, 3, 5])],
      outputs: [portOf("y", ["batch", 1, 9, 11])],
    });
    expect(() => readOnnxNetwork(odd)).toThrow(/"y" \(ConvTranspose\): its output \[9, 11\]/);
  });
});
