import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { TracedSpec } from "../../../src/engine/nn/models.ts";
import { weightTensors } from "../../../src/engine/train/fitting/memory.ts";
import { type ReadNetwork, readOnnxNetwork } from "../../../src/formats/onnx/read-network.ts";
import { runJob, specOf } from "../../engine/train/job.ts";

// Made by networks.py with PyTorch 1.13.
const file = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../data/networks/${name}`, import.meta.url)));

/** PyTorch's batch, channels last. */
const pictures = (name: string, { inputs: [input] }: ReadNetwork["network"]): Float32Array => {
  const values = new Float32Array(file(`${name}.input.f32`).buffer);
  const [channels, height, width] = input!.shape as [number, number, number];
  const pixels = height * width;
  return values.map((_, i) => {
    const [row, pixel, channel] = [
      Math.floor(i / (channels * pixels)),
      Math.floor(i / channels) % pixels,
      i % channels,
    ];
    return values[(row * channels + channel) * pixels + pixel]!;
  });
};

const train = (name: string, threads: number, base: NonNullable<Parameters<typeof specOf>[0]["base"]> = {}) => {
  const { network, data } = readOnnxNetwork(file(`${name}.before.onnx`));
  const features = pictures(name, network);
  const spec: TracedSpec = {
    ...specOf({
      model: { type: "softmax" },
      optimizer: { type: "sgd", learningRate: 0.05 },
      training: { epochs: 5, batchSize: "full", shuffle: false },
      base,
    }),
    network,
  };
  const shape = { trainRows: 6, validationRows: 0, testRows: 0, inputs: features.length / 6, outputs: 3 };
  return runJob(spec, shape, {
    threads,
    initial: data,
    fill: ({ train: views }) => {
      views.features.set(features);
      views.labels?.set([0, 1, 2, 0, 1, 2]);
    },
  });
};

const names = ["plain", "mobile", "former"] as const;

describe.each(names)("five steps of gradient descent on the network %s", (name) => {
  let trained: Awaited<ReturnType<typeof train>>;
  beforeAll(async () => {
    trained = await train(name, 1);
  });

  test("give PyTorch's weights and running averages", () => {
    const { data } = readOnnxNetwork(file(`${name}.after.onnx`));
    const before = readOnnxNetwork(file(`${name}.before.onnx`)).data;
    let moved = 0;
    for (const { name: tensor, data: values } of weightTensors(trained.plan, trained.memory)) {
      const expected = data.get(tensor)!;
      values.forEach((value, i) => {
        expect(Math.abs(value - expected[i]!), `${tensor}, element ${i}`).toBeLessThan(1e-3);
      });
      if (values.some((value, i) => value !== before.get(tensor)![i])) moved += 1;
    }
    // A bias before a norm has no gradient.
    expect(moved).toBeGreaterThanOrEqual(data.size - 1);
  });

  test("give the same bits with 2, 3 and 4 threads", async () => {
    for (const threads of [2, 3, 4]) expect((await train(name, threads)).digest).toBe(trained.digest);
  });
});

test("frozen layers keep their weights and their running averages", async () => {
  const before = readOnnxNetwork(file("plain.before.onnx")).data;
  const { plan, memory } = await train("plain", 1, { freeze: ["conv1", "bn1"] });
  const changed = weightTensors(plan, memory).filter(({ name, data }) =>
    data.some((value, i) => value !== before.get(name)![i]),
  );
  expect(changed.map(({ name }) => name).sort()).toEqual(
    [...before.keys()].filter((name) => !/^(conv1|bn1)\./.test(name)).sort(),
  );
});
