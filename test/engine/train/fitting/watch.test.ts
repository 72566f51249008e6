import { describe, expect, it } from "vitest";
import type { JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import { trainOnce } from "../train-once.ts";

type Body = Omit<JobSpecInput, "dataset">;
const species = { type: "classification", label: "species" } as const;
const measures = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
const progression = { type: "regression", label: "progression" } as const;
const digit = { type: "classification", label: "digit" } as const;

const warningsOf = async (file: string, body: Body) => {
  const { events, end } = await trainOnce(file, body);
  expect(end.type).toBe("completed");
  return events.filter(({ level }) => level === "warn");
};

/** What is solved has no training to watch. */
const iterative = { solver: "iterative" } as const;

describe("no alarm on a job that learns well:", () => {
  const jobs: Record<string, [string, Body]> = {
    iris: ["iris.csv", { task: species }],
    "iris, softmax": ["iris.csv", { task: species, model: { type: "softmax" }, training: iterative }],
    wine: ["wine.csv", { task: { type: "classification", label: "cultivar" } }],
    "breast cancer": ["breast_cancer.csv", { task: { type: "classification", label: "diagnosis" } }],
    diabetes: ["diabetes.csv", { task: progression }],
    "diabetes, linear": ["diabetes.csv", { task: progression, model: { type: "linear" }, training: iterative }],
    digits: ["digits.csv", { task: digit }],
    "digits, softmax": ["digits.csv", { task: digit, model: { type: "softmax" }, training: iterative }],
    "digits, convolutional": [
      "digits.csv",
      {
        task: digit,
        model: { type: "cnn" },
        optimizer: { type: "adam", learningRate: 0.003, schedule: { type: "cosine" } },
        training: { epochs: 20 },
      },
    ],
    "digits, normalised": ["digits.csv", { task: digit, model: { type: "mlp", batchNorm: true, activation: "relu" } }],
    "wine, autoencoder": ["wine.csv", { task: { type: "reconstruction" } }],
    "iris, k-means": ["iris.csv", { task: { type: "clustering", features: measures } }],
    "iris, mixture": ["iris.csv", { task: { type: "density_estimation", features: measures } }],
  };
  it.each(Object.entries(jobs))("%s", async (_name, [file, body]) => {
    expect(await warningsOf(file, body)).toEqual([]);
  });
});

describe("a job that learns badly is told so, with the evidence:", () => {
  const jobs: Record<string, [string, Body, string[]]> = {
    zero_initial_weights: [
      "iris.csv",
      { task: species, model: { type: "mlp", initializer: "zeros" }, training: { epochs: 3 } },
      ["layers", "values"],
    ],
    symmetric_initial_weights: [
      "iris.csv",
      { task: species, model: { type: "mlp", initializer: { type: "constant", value: 0.1 } }, training: { epochs: 3 } },
      ["layers", "values"],
    ],
    vanishing_gradients: [
      "digits.csv",
      {
        task: digit,
        model: { type: "mlp", hidden: [20, 20, 20, 20, 20, 20], activation: "sigmoid", initializer: "xavier" },
      },
      ["layers", "gradientRms"],
    ],
    exploding_gradients: [
      "diabetes.csv",
      {
        task: progression,
        model: {
          type: "mlp",
          hidden: [50, 50, 50, 50],
          activation: "relu",
          initializer: { type: "normal", standardDeviation: 1 },
        },
        optimizer: { type: "sgd", learningRate: 1e-12 },
        training: { epochs: 3 },
      },
      ["layers", "gradientRms", "gradientNorm"],
    ],
    dead_relus: [
      "digits.csv",
      { task: digit, model: { type: "cnn" }, training: { epochs: 10 } },
      ["layers", "deadShare"],
    ],
    learning_rate_too_high: [
      "diabetes.csv",
      {
        task: progression,
        model: { type: "linear" },
        optimizer: { type: "sgd", learningRate: 0.5 },
        training: { epochs: 12, batchSize: "full" },
      },
      ["firstLoss", "trainLoss", "learningRate"],
    ],
    loss_not_falling: [
      "iris.csv",
      { task: species, optimizer: { type: "sgd", learningRate: 1e-9 }, training: { epochs: 12 } },
      ["firstLoss", "lowestLoss", "epoch", "learningRate"],
    ],
    overfitting: [
      "diabetes.csv",
      {
        task: progression,
        model: { type: "mlp", hidden: [128], activation: "relu" },
        training: { epochs: 120, l2: 0, split: { validation: 0.3 }, earlyStopping: false },
      },
      ["bestEpoch", "bestValidationLoss", "validationLoss", "trainLoss"],
    ],
  };
  it.each(Object.entries(jobs))("%s", async (type, [file, body, evidence]) => {
    const warnings = await warningsOf(file, body);
    const found = warnings.filter((warning) => warning.type === type);
    expect(found).toHaveLength(1);
    expect(Object.keys(found[0]!.data)).toEqual(expect.arrayContaining(evidence));
  });

  it("a loss that leaves the numbers ends the job with step, layer and hint", async () => {
    const run = trainOnce("diabetes.csv", {
      task: progression,
      model: { type: "mlp", hidden: [32, 16], activation: "relu" },
      loss: { type: "mean_squared_error" },
      optimizer: { type: "sgd", learningRate: 1e6 },
    });
    await expect(run).rejects.toMatchObject({
      code: "diverged",
      message: expect.stringMatching(
        /^the loss became (NaN|infinite) at step \d+, epoch 1; the layer \S+ is the likely place$/,
      ),
      hint: expect.stringContaining("lower the learning rate (it was 1000000)"),
    });
  });
});

describe("the metrics of each epoch", () => {
  it("describe every layer: gradient, weights, activations, and units that never become active", async () => {
    const { points } = await trainOnce("digits.csv", {
      task: digit,
      model: { type: "mlp", hidden: [32, 16], activation: "relu", batchNorm: true },
      training: { epochs: 3 },
    });
    expect(points.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    for (const { layers, gradientNorm } of points) {
      expect(gradientNorm).toBeGreaterThan(0);
      expect(layers.map(({ layer }) => layer)).toEqual(["hidden.0", "hidden.1", "output"]);
      for (const { gradientRms, weightRms, activationRms, activationMean } of layers) {
        for (const value of [gradientRms, weightRms, activationRms]) expect(value).toBeGreaterThan(0);
        expect(Number.isFinite(activationMean)).toBe(true);
      }
      expect(layers.map(({ deadShare }) => deadShare !== undefined)).toEqual([true, true, false]);
    }
  });
});
