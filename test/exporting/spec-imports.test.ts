import { expect, test } from "vitest";
import { ServiceError } from "../../src/domain/errors.ts";
import { createGraph } from "../../src/engine/graph/graph.ts";
import { createRandomStream } from "../../src/engine/kernels/philox.ts";
import { traceOf } from "../../src/engine/nn/models.ts";
import { createScope } from "../../src/engine/nn/scope.ts";
import { createNetworkPredictor } from "../../src/engine/train/network-predictor.ts";
import { createPredictor } from "../../src/engine/train/predictor.ts";
import { encodeSafetensors, type Tensor } from "../../src/formats/safetensors/safetensors.ts";
import { readUpload } from "../../workers/importing/read-upload.ts";
import { compiled, specOf } from "../engine/train/job.ts";

type Model = { type: string; [key: string]: unknown };
const [inputs, outputs, rows] = [48, 3, 4];

const parts = (model: Model) => {
  // A distance is no link: the output is the last layer's own.
  const spec = specOf({ model, loss: { type: "mean_squared_error" } });
  const graph = createGraph();
  const scope = createScope(graph, false, () => false);
  traceOf(spec.model)(scope, graph.leaf("input", [2, inputs]), outputs);
  const stream = createRandomStream({ seedLow: 9, seedHigh: 0, purpose: 1, index: 0 });
  const tensors = [...scope.declarations.values()].map(({ name, shape }): Tensor => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => stream.uniform() - 0.4);
    return { name, dtype: "F32", shape, data: name.endsWith("Variance") ? data.map((x) => x + 1) : data };
  });
  return { spec, tensors };
};

const models: [string, Model][] = [
  ["linear", { type: "linear" }],
  ["mlp", { type: "mlp", hidden: [7, 5], activation: "gelu", batchNorm: true, dropout: 0.3 }],
  ["autoencoder", { type: "autoencoder", encoder: [6, 2], activation: "silu" }],
  [
    "cnn",
    {
      type: "cnn",
      input: { height: 4, width: 4, channels: 3 },
      layers: [
        { type: "conv2d", filters: 4, padding: "same", batchNorm: true },
        { type: "residual", layers: [{ type: "conv2d", filters: 4, padding: "same", groups: 2 }] },
        { type: "max_pool" },
        { type: "dense", units: 6 },
      ],
    },
  ],
];

test.each(models)(
  "weights come back with their model's spec as a network that answers the same: %s",
  async (name, model) => {
    const { spec, tensors } = parts(model);
    const file = encodeSafetensors(tensors);
    const { network: read } = await readUpload(file, "safetensors", { architecture: JSON.stringify(spec.model) });
    const isPicture = name === "cnn";
    expect(read.network.inputs.map(({ shape }) => shape)).toEqual([isPicture ? [3, 4, 4] : [inputs]]);
    expect(read.network.head?.weight).toBe("output.weight");
    const own = new Map(tensors.map((tensor) => [tensor.name, tensor.data as Float32Array]));
    for (const [tensor, data] of read.data) if (own.has(tensor)) expect(data.length).toBe(own.get(tensor)!.length);
    const values = Float32Array.from({ length: rows * inputs }, (_, i) => Math.sin(0.7 * i));
    const wanted = (await createPredictor(spec, { inputs, outputs }, own, await compiled)).predict(values);
    // Both hold pictures with their channels last.
    const [answers] = (await createNetworkPredictor(read.network, read.data, await compiled)).predict([values], rows);
    for (const [i, value] of wanted.entries())
      expect(Math.abs(value - answers![i]!)).toBeLessThan(1e-5 * (1 + Math.abs(value)));
  },
);

const refused = async (file: Uint8Array, architecture: string): Promise<ServiceError> => {
  try {
    await readUpload(file, "safetensors", { architecture });
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error("it was read");
};

test("what does not fit the spec is told by name, and what is wrong with the spec by its pointer", async () => {
  const { spec, tensors } = parts(models[1]![1]);
  const text = JSON.stringify(spec.model);
  const extra: Tensor = { name: "more", dtype: "F32", shape: [1], data: new Float32Array(1) };
  const without = tensors.filter(({ name }) => name !== "hidden.1.bias");
  expect((await refused(encodeSafetensors(without), text)).message).toContain("missing: hidden.1.bias");
  expect((await refused(encodeSafetensors([...tensors, extra]), text)).message).toContain("not part of it: more");
  const misshapen = tensors.map(
    (t): Tensor => (t.name === "hidden.1.weight" ? { ...t, shape: [...t.shape].reverse() } : t),
  );
  expect((await refused(encodeSafetensors(misshapen), text)).message).toContain(
    "hidden.1.weight [5, 7] instead of [7, 5]",
  );
  const file = encodeSafetensors(tensors);
  const pointersOf = async (architecture: string) =>
    (await refused(file, architecture)).errors.map(({ pointer }) => pointer);
  expect(await pointersOf('{"type":"mlp","hiden":[3]}')).toEqual(["/query/architecture/hiden"]);
  expect(await pointersOf("{")).toEqual(["/query/architecture"]);
  expect(await pointersOf('{"type":"k_means"}')).toEqual(["/query/architecture/type"]);
  expect(await pointersOf('{"type":"cnn"}')).toEqual(["/query/architecture/input"]);
  const window = {
    type: "cnn",
    input: { height: 2, width: 2, channels: 1 },
    layers: [{ type: "conv2d", filters: 2, kernel: 9 }],
  };
  expect(await pointersOf(JSON.stringify(window))).toEqual(["/query/architecture/layers/0"]);
});
