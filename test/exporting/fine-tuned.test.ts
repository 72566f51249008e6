import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { encodeRows } from "../../src/data/preprocessing/encode-rows.ts";
import type { Row } from "../../src/domain/datasets/dataset.ts";
import type { FeatureTransform } from "../../src/domain/models/model.ts";
import { withOutputs } from "../../src/engine/nn/network-head.ts";
import { readOnnxNetwork } from "../../src/formats/onnx/read-network.ts";
import type { Tensor } from "../../src/formats/safetensors/safetensors.ts";
import { exportStored } from "../../workers/exporting/export-stored.ts";
import { loadModel } from "../../workers/inference/load-model.ts";
import { compiled, specOf } from "../engine/train/job.ts";
import { bytesOf, runOnnx } from "./runtime.ts";
import { storeModel, temporaryStore, tenant } from "./trained.ts";

const { store, remove } = await temporaryStore();
afterAll(remove);

test.each(["plain", "mobile", "former"])(
  "a network that was fine-tuned here on photographs leaves with its pixels and its classes: %s",
  async (name) => {
    const file = new Uint8Array(readFileSync(new URL(`../data/networks/${name}.before.onnx`, import.meta.url)));
    const { network, data } = readOnnxNetwork(file);
    const [channels, height, width] = network.inputs[0]!.shape as [number, number, number];
    // A new head of four classes, and weights that no file has.
    const tuned = withOutputs(network, 4);
    const tensors = tuned.tensors.map(({ name: own, shape, kind }, at): Tensor => {
      const count = shape.reduce((a, b) => a * b, 1);
      const known = data.get(own)!;
      const moved = (i: number): number => known[i % known.length]! + (kind === "weight" ? 0.03 * Math.sin(at + i) : 0);
      return { name: own, dtype: "F32", shape, data: Float32Array.from({ length: count }, (_, i) => moved(i)) };
    });
    const each = <T>(value: T): T[] => new Array<T>(channels).fill(value);
    const photo: FeatureTransform = {
      ...{ type: "image", column: "photo", height, width, channels, shorterSide: height, missingIndicator: false },
      ...{ mean: each(120), scale: each(60) },
    };
    const classes = ["ash", "birch", "cedar", "döner"];
    const inputs = channels * height * width;
    const preprocessing = {
      features: [photo],
      label: { type: "classes" as const, column: "tree", classes },
      inputs,
      outputs: 4,
    };
    const task = { type: "classification" as const, label: "tree" };
    const spec = specOf({ model: { type: "network" } });
    const model = await storeModel(store, { spec, task, preprocessing }, tensors, tuned);
    const rows = 4;
    const pixels = Uint8Array.from({ length: rows * inputs }, (_, i) => (i * 89 + (i >> 4)) % 256);
    const asked = Array.from({ length: rows }, (): Row => ({ photo: "…" }));
    const pixelsOf = (row: number) => ({ pixels: pixels.subarray(row * inputs, (row + 1) * inputs) });
    const { value: answer } = await loadModel(store, await compiled, tenant, model);
    const ours = answer({ inputs: [encodeRows(model.preprocessing, asked, { pixelsOf }).inputs], rows: asked.length });
    const whole = bytesOf(await exportStored(store, tenant, model, { preprocessing: true }));
    const outputs = await runOnnx(whole, {
      photo: { type: "uint8", dims: [rows, height, width, channels], data: pixels },
    });
    for (const [row, prediction] of ours.entries()) {
      if (!("label" in prediction)) throw new Error("a classification was expected");
      expect(outputs.label!.data[row]).toBe(prediction.label);
      Object.values(prediction.probabilities ?? {}).forEach((p, k) => {
        expect(Math.abs(p - (outputs.probabilities!.data[row * 4 + k] as number))).toBeLessThan(1e-5);
      });
    }
  },
);
