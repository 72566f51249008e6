import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { DataShape } from "../../../src/engine/train/planning/training.ts";
import { specOf } from "./job.ts";

interface ReferenceJob {
  readonly spec: ResolvedJobSpec;
  readonly shape: DataShape;
  readonly classes?: number;
}

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

/** Small jobs that together use every optimiser, normalisation, dropout, convolution, several losses and schedules. */
export const jobs: Readonly<Record<string, ReferenceJob>> = {
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
export const digests: Readonly<Record<string, string>> = {
  softmax: "1e85f88807a281174d7fbca8748039f920c11e204f219d3c97abe4fad1563fd8",
  linear: "66f5346b02d5e676bd12b411b2831524488498956d23471a3d6d83c632f571c4",
  logistic: "a697f1416a51af174e23d0b261220370f28cb3d05faae9e8365def97f4492e02",
  poisson: "68baad0084e227b3e8b1afac7fe583ce96eb069b0b5c3b69f59eb6ab5ee93f37",
  perceptron: "2e13d2010a28080b45774d9ac2981200850d9cf5c0a746e19b944cee29556b11",
  dropout: "da166cfbdf807cfdf3ebb65e71a496646ca1e407c94dab1a5e08f25fde621ca2",
  batchNorm: "73e12ac15aaffee9d6024dcf0532b517f6c6ca24292b4cb811332123b67d7385",
  convolution: "df948216293fb543359fdf5e7e56f13b9ebd6981630becd9bfd4d4eb3ace911f",
  autoencoder: "0f52c456786e1bb0dc1d8da4f36c97a2eec33547d02f9fd0fc977a5b5c1b292c",
  uncertain: "79166580dc6dc57e1713494278d82c832252291ea14958ac2387bdb87eaab29b",
  kMeans: "785b74bf29091e9bd6f4751d952e163c7024b712c10eedd8d8c7da6e93d57ba1",
  mixture: "8795f5eea0b2dda3940e40b896769b0afaaa5869ebae2625ece8bc9077fd93bf",
};
