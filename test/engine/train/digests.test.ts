import { describe, expect, it } from "vitest";
import { runJob, specOf } from "./job.ts";

const shape = { trainRows: 61, validationRows: 17, testRows: 0, inputs: 16, outputs: 3 };
const regression = { ...shape, outputs: 1 };
const image = {
  type: "cnn",
  layers: [
    { type: "conv2d", filters: 4, padding: "same", batchNorm: true },
    { type: "max_pool" },
    { type: "dense", units: 9 },
  ],
};

/** Ten small jobs that together use every optimiser, normalisation, dropout, convolution, several losses and schedules. */
const jobs = {
  softmax: { spec: specOf({ model: { type: "softmax" }, optimizer: { type: "sgd", learningRate: 0.1 } }), shape },
  linear: {
    spec: specOf({ model: { type: "linear" }, loss: { type: "mean_squared_error" } }),
    shape: regression,
    classes: -1,
  },
  logistic: {
    spec: specOf({ model: { type: "logistic" }, loss: { type: "binary_cross_entropy" }, training: { l1: 1e-3 } }),
    shape: regression,
    classes: 2,
  },
  poisson: {
    spec: specOf({ model: { type: "poisson" }, loss: { type: "poisson_nll" }, optimizer: { type: "rmsprop" } }),
    shape: regression,
    classes: 4,
  },
  perceptron: { spec: specOf({ model: { type: "mlp", hidden: [12, 7] } }), shape },
  dropout: {
    spec: specOf({
      model: { type: "mlp", hidden: [12], dropout: 0.4, activation: "tanh" },
      optimizer: { type: "momentum", nesterov: true },
    }),
    shape,
  },
  batchNorm: {
    spec: specOf({
      model: { type: "mlp", hidden: [12], batchNorm: true, activation: "gelu" },
      optimizer: { type: "adamw", schedule: { type: "one_cycle" } },
    }),
    shape,
  },
  convolution: {
    spec: specOf({ model: image, optimizer: { type: "adam", schedule: { type: "cosine", warmupSteps: 2 } } }),
    shape,
  },
  autoencoder: {
    spec: specOf({
      model: { type: "autoencoder", encoder: [8, 2], activation: "silu" },
      loss: { type: "huber" },
      optimizer: { type: "adagrad" },
    }),
    shape: { ...shape, outputs: 16 },
    classes: 3,
  },
  uncertain: {
    spec: specOf({ model: { type: "mlp", hidden: [6], activation: "sigmoid" }, loss: { type: "gaussian_nll" } }),
    shape: { ...shape, outputs: 2 },
    classes: -1,
  },
};

// A changed digest is a changed promise: the same specification, data and seed would no longer give the same weights as before.
// Say so in the commit that changes one.
const digests: Readonly<Record<keyof typeof jobs, string>> = {
  softmax: "",
  linear: "",
  logistic: "",
  poisson: "",
  perceptron: "",
  dropout: "",
  batchNorm: "",
  convolution: "",
  autoencoder: "",
  uncertain: "",
};

describe("the weights' SHA-256 of a reference job is the recorded one:", () => {
  for (const [name, job] of Object.entries(jobs)) {
    it(name, async () => {
      const { digest } = await runJob(job.spec, job.shape, "classes" in job ? { classes: job.classes } : {});
      expect(digest).toBe(digests[name as keyof typeof jobs]);
    });
  }
});
