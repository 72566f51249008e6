import { describe, expect, it } from "vitest";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import { planTraining } from "../../../src/engine/train/planning/plan-training.ts";
import type { TrainingPlan } from "../../../src/engine/train/planning/training.ts";
import { readOnnxNetwork } from "../../../src/formats/onnx/read-network.ts";
import { mobilenet } from "../../formats/onnx/mobilenet.ts";
import { specOf } from "./job.ts";
import { trainOnce } from "./train-once.ts";

type Body = Omit<JobSpecInput, "dataset">;

describe("the trainer's memory is the planned one, byte for byte:", () => {
  const digit = { type: "classification", label: "digit" } as const;
  const training = { epochs: 2, split: { validation: 0.1 } };
  const layers = [
    { type: "conv2d", filters: 8, padding: "same", batchNorm: true },
    { type: "max_pool" },
    { type: "dense", units: 16 },
  ] as const;
  const jobs: Record<string, [string, Body]> = {
    "a perceptron": [
      "digits.csv",
      { task: digit, training, model: { type: "mlp", hidden: [50, 20], batchNorm: true, dropout: 0.2 } },
    ],
    "a convolutional network": ["digits.csv", { task: digit, training, model: { type: "cnn", layers: [...layers] } }],
    "a linear regression": [
      "diabetes.csv",
      { task: { type: "regression", label: "progression" }, model: { type: "linear" }, training },
    ],
    "an autoencoder": [
      "wine.csv",
      { task: { type: "reconstruction" }, model: { type: "autoencoder", encoder: [8, 2] }, training },
    ],
    "k-means": ["iris.csv", { task: { type: "clustering" }, model: { type: "k_means", clusters: { from: 2, to: 5 } } }],
    "a Gaussian mixture": [
      "iris.csv",
      {
        task: { type: "density_estimation" },
        model: { type: "gaussian_mixture", components: { from: 1, to: 3 }, restarts: 2 },
      },
    ],
  };
  it.each(Object.entries(jobs))("%s", async (_name, [file, body]) => {
    const { plan, end, memories } = await trainOnce(file, body);
    expect(end.type).toBe("completed");
    expect(memories.map(({ buffer }) => buffer.byteLength)).toEqual([plan.memoryBytes]);
    expect(() => memories[0]!.grow(1)).toThrow(RangeError);
  });

  /** What lies between the last byte that is written and the end. */
  const plannedInVain = ({ programs, memoryBytes }: TrainingPlan): number =>
    memoryBytes -
    Math.max(...programs.flatMap(({ calls }) => calls.flatMap(({ writes }) => writes.map(({ end }) => end))));

  it("and no page of it is planned in vain", () => {
    const shape = { trainRows: 1000, validationRows: 100, testRows: 100, inputs: 64, outputs: 10 };
    const model = { type: "mlp", hidden: [50, 20], batchNorm: true, dropout: 0.2 };
    expect(plannedInVain(planTraining(specOf({ model }), shape))).toBeLessThan(65536);
  });

  it("also of a network from a file: whole, in parts of a batch, with its trunk computed once, and with activations computed again", () => {
    const { network } = readOnnxNetwork(mobilenet.onnx());
    const shape = { trainRows: 32, validationRows: 0, testRows: 0, inputs: 224 * 224 * 3, outputs: 5 };
    const planOf = (
      training: { microBatch?: number; gradientCheckpointing?: boolean },
      freeze: [] | "all but the head",
    ) => {
      const optimizer = { type: "momentum", learningRate: 0.01 };
      const parts = { model: { type: "softmax" }, optimizer, training: { batchSize: 16, ...training } };
      return planTraining({ ...specOf({ ...parts, base: { newHead: true, freeze } }), network }, shape);
    };
    const [whole, parts, frozen] = [planOf({}, []), planOf({ microBatch: 4 }, []), planOf({}, "all but the head")];
    const again = planOf({ gradientCheckpointing: true }, []);
    for (const plan of [whole, parts, frozen, again]) {
      expect(plannedInVain(plan)).toBeGreaterThanOrEqual(0);
      expect(plannedInVain(plan)).toBeLessThan(65536);
    }
    const rowBytes = 4 * shape.inputs;
    // The rows stay, and the activations are those of a quarter of the batch.
    const activations = whole.memoryBytes - shape.trainRows * rowBytes;
    expect(parts.memoryBytes - shape.trainRows * rowBytes).toBeLessThan(activations / 2);
    expect(again.memoryBytes - shape.trainRows * rowBytes).toBeLessThan(0.6 * activations);
    expect(again.keepingBytes).toBe(whole.memoryBytes);
    expect(frozen.trunk).not.toBeNull();
    expect(frozen.memoryBytes).toBeLessThan(whole.memoryBytes / 2);
  });
});

describe("a plan's FLOPs and parameters are those counted by hand:", () => {
  const optimizer = { type: "sgd", learningRate: 0.1 };

  it("a perceptron", () => {
    const rows = 16;
    const shape = { trainRows: 64, validationRows: 0, testRows: 0, inputs: 20, outputs: 3 };
    const made = planTraining(specOf({ model: { type: "mlp", hidden: [8] }, optimizer }), shape);
    const parameters = 20 * 8 + 8 + (8 * 3 + 3);
    const hidden = 2 * rows * 20 * 8;
    const output = 2 * rows * 8 * 3;
    // Forward and the weights' gradients of both layers; the gradient of the input only of the second.
    const products = 2 * hidden + 3 * output;
    const biases = rows * 8 + rows * 3;
    const rectifier = rows * 8;
    const loss = 20 * rows * 3;
    expect(made.parameters).toBe(parameters);
    expect(made.flopsPerStep).toBe(products + biases + rectifier + loss + 4 * parameters);
  });

  it("a convolutional network", () => {
    const rows = 16;
    const shape = { trainRows: 64, validationRows: 0, testRows: 0, inputs: 64, outputs: 3 };
    const layers = [
      { type: "conv2d", filters: 4, kernel: 3, padding: "same" },
      { type: "conv2d", filters: 6, kernel: 3, stride: 2, padding: 1, groups: 2 },
      { type: "max_pool", size: 2 },
    ];
    const input = { height: 8, width: 8, channels: 1 };
    const made = planTraining(specOf({ model: { type: "cnn", input, layers }, optimizer }), shape);
    const parameters = 3 * 3 * 1 * 4 + 4 + (3 * 3 * 2 * 6 + 6) + (2 * 2 * 6 * 3 + 3);
    const first = 2 * rows * (8 * 8) * (3 * 3 * 1) * 4;
    const second = 2 * rows * (4 * 4) * (3 * 3 * 2) * 6;
    const output = 2 * rows * (2 * 2 * 6) * 3;
    const products = 2 * first + 3 * second + 3 * output;
    const biases = rows * 8 * 8 * 4 + rows * 4 * 4 * 6 + rows * 3;
    const rectifiers = rows * 8 * 8 * 4 + rows * 4 * 4 * 6;
    const pooling = 2 * rows * (2 * 2 * 6) * 4;
    const loss = 20 * rows * 3;
    expect(made.parameters).toBe(parameters);
    expect(made.flopsPerStep).toBe(products + biases + rectifiers + pooling + loss + 4 * parameters);
  });
});
