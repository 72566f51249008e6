import { afterAll, expect, test } from "vitest";
import { encodeRows } from "../../src/data/preprocessing/encode-rows.ts";
import type { Row } from "../../src/domain/datasets/dataset.ts";
import type { FeatureTransform, Model } from "../../src/domain/models/model.ts";
import { createGraph } from "../../src/engine/graph/graph.ts";
import { createRandomStream } from "../../src/engine/kernels/philox.ts";
import { traceOf } from "../../src/engine/nn/models.ts";
import { createScope } from "../../src/engine/nn/scope.ts";
import type { Tensor } from "../../src/formats/safetensors/safetensors.ts";
import { exportStored } from "../../workers/exporting/export-stored.ts";
import { loadModel } from "../../workers/inference/load-model.ts";
import { compiled, specOf } from "../engine/train/job.ts";
import { bytesOf, runOnnx } from "./runtime.ts";
import { storeModel, temporaryStore, tenant } from "./trained.ts";

const { store, remove } = await temporaryStore();
afterAll(remove);

const image: FeatureTransform = {
  ...{ type: "image", column: "photo", height: 6, width: 8, channels: 3, shorterSide: 7, missingIndicator: false },
  ...{ mean: [120.5, 110, 90], scale: [60, 55.5, 70] },
};
const size: FeatureTransform = { type: "number", column: "size", mean: 3, scale: 2, missingIndicator: true };

/** A model with random weights, as a trainer would have left it. */
const modelWith = async (
  features: FeatureTransform[],
  model: { type: string; [key: string]: unknown },
): Promise<Model> => {
  const inputs = 6 * 8 * 3 + (features.length > 1 ? 2 : 0);
  const spec = specOf({ model });
  const graph = createGraph();
  const scope = createScope(graph, false, () => false);
  traceOf(spec.model)(scope, graph.leaf("input", [2, inputs]), 3);
  const stream = createRandomStream({ seedLow: 5, seedHigh: 0, purpose: 1, index: 0 });
  const tensors = [...scope.declarations.values()].map(({ name, shape }): Tensor => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => stream.uniform() - 0.4);
    return { name, dtype: "F32", shape, data: name.endsWith("Variance") ? data.map((x) => x + 1) : data };
  });
  const label = { type: "classes" as const, column: "kind", classes: ["cat", "dog", "élan"] };
  const preprocessing = { features, label, inputs, outputs: 3 };
  return storeModel(store, { spec, task: { type: "classification", label: "kind" }, preprocessing }, tensors);
};

const rows = 5;
const pixels = Uint8Array.from({ length: rows * 144 }, (_, i) => (i * 151 + (i >> 3)) % 256);
const pixelsOf = (row: number) => ({ pixels: pixels.subarray(row * 144, (row + 1) * 144) });

const cases: [string, FeatureTransform[], { type: string; [key: string]: unknown }][] = [
  [
    "a cnn on images",
    [image],
    {
      type: "cnn",
      input: { height: 6, width: 8, channels: 3 },
      layers: [
        { type: "conv2d", filters: 4, padding: "same", batchNorm: true },
        { type: "max_pool" },
        { type: "global_average_pool" },
      ],
    },
  ],
  [
    "an mlp on images that are resized and cut",
    [{ ...image, crop: { shorterSide: 8, height: 6, width: 8 } }],
    { type: "mlp", hidden: [5] },
  ],
  ["an mlp on images", [image], { type: "mlp", hidden: [5] }],
  ["an mlp that gets blue first", [{ ...image, channelOrder: "bgr" }], { type: "mlp", hidden: [5] }],
  ["an mlp on images and numbers", [size, image], { type: "mlp", hidden: [5] }],
];

test.each(cases)("onnxruntime says of pixels what the service says: %s", async (_name, features, own) => {
  const model = await modelWith(features, own);
  const sizes = [1, 2, Number.NaN, 4, 1e3];
  const asked = sizes.map((value): Row => ({ photo: "…", size: Number.isNaN(value) ? null : value }));
  const { value: answer } = await loadModel(store, await compiled, tenant, model);
  const { inputs } = encodeRows(model.preprocessing, asked, { pixelsOf });
  const ours = answer({ inputs: [inputs], rows: asked.length });
  const file = bytesOf(await exportStored(store, tenant, model, { preprocessing: true }));
  const outputs = await runOnnx(file, {
    photo: { type: "uint8", dims: [rows, 6, 8, 3], data: pixels },
    ...(features.length > 1 && { size: { type: "float64", dims: [rows, 1], data: Float64Array.from(sizes) } }),
  });
  for (const [row, prediction] of ours.entries()) {
    if (!("label" in prediction)) throw new Error("a classification was expected");
    expect(outputs.label!.data[row]).toBe(prediction.label);
    Object.values(prediction.probabilities ?? {}).forEach((p, k) => {
      expect(Math.abs(p - (outputs.probabilities!.data[row * 3 + k] as number))).toBeLessThan(1e-5);
    });
  }
  const bare = bytesOf(await exportStored(store, tenant, model, { preprocessing: false }));
  const isPicture = features.length === 1;
  const encoded = isPicture
    ? Float32Array.from({ length: rows * 144 }, (_, i) => {
        const [row, channel, pixel] = [Math.floor(i / 144), Math.floor(i / 48) % 3, i % 48];
        return inputs[row * 144 + pixel * 3 + channel]!;
      })
    : inputs;
  const dims = isPicture ? [rows, 3, 6, 8] : [rows, 146];
  const plain = await runOnnx(bare, { [isPicture ? "photo" : "features"]: { type: "float32", dims, data: encoded } });
  const [same, wanted] = [plain.probabilities!.data, outputs.probabilities!.data];
  same.forEach((p, i) => void expect(Math.abs((p as number) - (wanted[i] as number))).toBeLessThan(1e-5));
});
