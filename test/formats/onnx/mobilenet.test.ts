import { beforeAll, describe, expect, test } from "vitest";
import type { KernelSource } from "../../../src/engine/kernels/engine-kernels.ts";
import { compileKernels } from "../../../src/engine/kernels/load.ts";
import { createNetworkPredictor } from "../../../src/engine/train/network-predictor.ts";
import { graphOfFamily } from "../../../src/formats/architectures/families.ts";
import { networkOfGraph, readOnnxNetwork } from "../../../src/formats/onnx/read-network.ts";
import { readForeignTensors } from "../../../src/formats/safetensors/foreign-tensors.ts";
import { mobilenet, pictures, worstLogit } from "./mobilenet.ts";

let kernels: KernelSource;
beforeAll(async () => {
  kernels = { module: await compileKernels(), native: null };
});

const onnx = () => readOnnxNetwork(mobilenet.onnx());
const safetensors = () => networkOfGraph(graphOfFamily("mobilenet_v1", readForeignTensors(mobilenet.safetensors())));

describe("a published network", () => {
  test("as an exporter wrote it: paddings computed by sixteen nodes fold into the convolutions", () => {
    const { network, warnings } = onnx();
    const kinds = new Map<string, number>();
    for (const { op } of network.nodes) kinds.set(op, (kinds.get(op) ?? 0) + 1);
    expect(Object.fromEntries(kinds)).toEqual({ conv: 28, batchNorm: 27, clip: 27, reduce: 1 });
    expect(network.head).toMatchObject({ weight: "conv_preds.weight", units: 1000 });
    expect(warnings).toEqual([]);
  });

  test.each([
    ["ONNX", onnx],
    ["safetensors", safetensors],
  ])("gives the expected logits from %s", async (_, read) => {
    const { network, data } = read();
    const predictor = await createNetworkPredictor(network, data, kernels);
    const [logits] = predictor.predict([pictures(4)], 4);
    expect(worstLogit(logits!, 4)).toBeLessThan(1e-4);
  });

  test("has the same weights from both files", () => {
    const [a, b] = [onnx(), safetensors()];
    expect(b.network.tensors).toEqual(a.network.tensors);
    for (const [name, values] of a.data)
      expect(Buffer.from(b.data.get(name)!.buffer).equals(Buffer.from(values.buffer))).toBe(true);
  });
});
