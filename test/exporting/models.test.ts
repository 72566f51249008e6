import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { afterAll, describe, expect, test } from "vitest";
import { encodeRows } from "../../src/data/preprocessing/encode-rows.ts";
import type { Row } from "../../src/domain/datasets/dataset.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { exportStored } from "../../workers/exporting/export-stored.ts";
import { answersOf, expectAgreement } from "./agreement.ts";
import { bytesOf, runOnnx } from "./runtime.ts";
import { feedsOf, predictionsOf, temporaryStore, tenant, trainInto } from "./trained.ts";

const { store, remove } = await temporaryStore();
afterAll(remove);

const short = { epochs: 8, penaltySearch: false as const };
const iris = () => Readable.from([readFileSync(new URL("../data/iris.csv", import.meta.url))]);
const diabetes = () => Readable.from([readFileSync(new URL("../data/diabetes.csv", import.meta.url))]);

/** Numbers, texts, both with gaps; counts and two classes to learn. */
const mixed = (): Readable => {
  const kinds = ["red", "green", "blue, dark", "", "Größe 5"];
  const lines = Array.from({ length: 240 }, (_, i) => {
    const kind = kinds[(i * 7) % kinds.length]!;
    const size = i % 11 === 3 ? "" : String(1.7e9 + ((i * 37) % 101));
    const weight = ((i * 53) % 97) / 10;
    return `${size},"${kind}",${weight},${i % 2 === 0 ? "T" : "F"},${Math.round(weight / 2) + (kind === "red" ? 3 : 0)},${weight > 4.5 || kind === "" ? "yes" : "no"}`;
  });
  return Readable.from([Buffer.from(`size,kind,value,label 1,count,bought\n${lines.join("\n")}\n`)]);
};

/** Times of which all cycles recur, with gaps, beside a number. */
const dated = (): Readable => {
  const time = (i: number): string => new Date(Date.UTC(2023, 0, 2, 6, 30) + i * 77 * 3_600_000).toISOString();
  const lines = Array.from({ length: 240 }, (_, i) => `${i % 13 === 5 ? "" : time(i)},${(i * 37) % 101},${i % 24}`);
  return Readable.from([Buffer.from(`at,size,y\n${lines.join("\n")}\n`)]);
};

const oddRows: Row[] = [
  { size: 1.7e9 + 5_000_000, kind: "never seen", value: -1e6, "label 1": "T" },
  { size: null, kind: null, value: null, "label 1": null },
  { size: 1.7e9, kind: "Größe 5", value: 1e12, "label 1": "F" },
];
const mixedFeatures = ["size", "kind", "value", "label 1"];

const bought = { type: "classification" as const, label: "bought", features: mixedFeatures };

const cases: [string, () => Readable, Omit<JobSpecInput, "dataset">][] = [
  [
    "softmax",
    iris,
    { task: { type: "classification", label: "species" }, model: { type: "softmax" }, training: short },
  ],
  ["logistic", mixed, { task: bought, model: { type: "logistic" }, training: short }],
  [
    "a network behind normal scores, a logarithm, an embedded category and waves",
    mixed,
    {
      ...{ task: bought, training: short },
      model: { type: "mlp", hidden: [8], embedding: { type: "periodic", units: 3 } },
      preprocessing: {
        numbers: "quantile",
        columns: { value: { logarithm: true }, kind: { embedding: { dimensions: 3 } } },
      },
    },
  ],
  [
    "an ensemble behind robust numbers, a reference level, embedded categories and ramps",
    mixed,
    {
      ...{ task: bought, training: short },
      model: {
        type: "ensemble",
        members: [{ hidden: [8], embedding: { type: "piecewise_linear" } }, { hidden: [4] }],
      },
      preprocessing: {
        ...{ numbers: "robust", embeddings: { fromLevels: 3, dimensions: 2 } },
        columns: { size: { scaling: "none" }, "label 1": { referenceLevel: "T" } },
      },
    },
  ],
  [
    "logistic, with a threshold",
    mixed,
    {
      task: { type: "classification", label: "bought", features: mixedFeatures, threshold: 0.31 },
      model: { type: "logistic" },
      training: short,
    },
  ],
  [
    "two probabilities, with a threshold that was chosen",
    mixed,
    {
      task: {
        ...{ type: "classification", label: "bought", features: mixedFeatures },
        threshold: { costs: { falsePositive: 1, falseNegative: 9 } },
      },
      model: { type: "softmax" },
      training: short,
    },
  ],
  ...(["bought", "species"] as const).map((label): [string, () => Readable, Omit<JobSpecInput, "dataset">] => [
    `probabilities behind curves, ${label}`,
    label === "bought" ? mixed : iris,
    {
      task: label === "bought" ? bought : { type: "classification", label },
      model: { type: "softmax" },
      // A factor far too large: the probabilities are all alike until they are calibrated.
      training: { epochs: 40, l2: 3, calibration: "isotonic", split: { validation: 0.4 } },
    },
  ]),
  [
    "poisson",
    mixed,
    {
      task: { type: "regression", label: "count", features: mixedFeatures },
      model: { type: "poisson" },
      training: short,
    },
  ],
  ...([{ type: "linear" }, { type: "gamma" }, { type: "quantile", quantile: 0.9 }] as const).map(
    (model): [string, () => Readable, Omit<JobSpecInput, "dataset">] => [
      model.type,
      diabetes,
      { task: { type: "regression", label: "progression" }, model, training: short },
    ],
  ),
  ...(["relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid", "identity", "softmax"] as const).map(
    (activation): [string, () => Readable, Omit<JobSpecInput, "dataset">] => [
      `mlp of ${activation}`,
      mixed,
      {
        task: { type: "classification", label: "bought", features: mixedFeatures },
        model: { type: "mlp", hidden: [12, 7], activation, batchNorm: activation !== "softmax", dropout: 0.2 },
        training: short,
      },
    ],
  ),
  ...(["bought cross_entropy", "bought binary_cross_entropy", "count poisson_nll", "count huber"] as const).map(
    (of): [string, () => Readable, Omit<JobSpecInput, "dataset">] => {
      const [label = "", loss] = of.split(" ");
      const type = label === "count" ? "regression" : "classification";
      const task = { type, label, features: mixedFeatures } as const;
      const embedding = { units: 3 };
      const members = [{ hidden: [8] }, { hidden: [6, 4], activation: "silu" as const, dropout: 0.2, embedding }];
      const stated = { type: loss } as NonNullable<JobSpecInput["loss"]>;
      return [
        `ensemble of ${of}`,
        mixed,
        { task, model: { type: "ensemble", members, shares: "held_out" }, loss: stated, training: short },
      ];
    },
  ),
  [
    "mlp with normalisation behind its activation, for mean and variance",
    diabetes,
    {
      task: { type: "regression", label: "progression" },
      model: { type: "mlp", hidden: [16], batchNorm: { position: "after" } },
      loss: { type: "gaussian_nll" },
      training: short,
    },
  ],
  ...(["linear", "mlp"] as const).map((type): [string, () => Readable, Omit<JobSpecInput, "dataset">] => [
    `dates, ${type}`,
    dated,
    { task: { type: "regression", label: "y" }, model: { type }, training: short },
  ]),
  [
    "autoencoder",
    mixed,
    {
      task: { type: "reconstruction", features: mixedFeatures },
      model: { type: "autoencoder", encoder: [8, 3] },
      training: short,
    },
  ],
  [
    "k-means",
    mixed,
    { task: { type: "clustering", features: mixedFeatures }, model: { type: "k_means", clusters: 4 } },
  ],
  [
    "k-means behind robust numbers and normal scores",
    mixed,
    {
      task: { type: "clustering", features: mixedFeatures },
      model: { type: "k_means", clusters: 4 },
      preprocessing: { numbers: "robust", columns: { value: { scaling: "quantile" } } },
    },
  ],
  ...(["full", "tied", "diagonal", "spherical"] as const).map(
    (covariance): [string, () => Readable, Omit<JobSpecInput, "dataset">] => [
      `mixture, ${covariance}`,
      iris,
      {
        task: { type: "clustering", features: ["sepal_length", "sepal_width", "petal_length", "petal_width"] },
        model: { type: "gaussian_mixture", components: 3, covariance, restarts: 1 },
      },
    ],
  ),
  [
    "density",
    iris,
    {
      task: { type: "density_estimation", features: ["sepal_length", "petal_width"] },
      model: { type: "gaussian_mixture", components: 2, restarts: 1 },
    },
  ],
  [
    "cnn on a table of pixels",
    () => Readable.from([readFileSync(new URL("../data/digits.csv", import.meta.url))]),
    {
      task: { type: "classification", label: "digit" },
      model: {
        type: "cnn",
        layers: [
          { type: "conv2d", filters: 4, kernel: 3, padding: "same", batchNorm: true, activation: "silu" },
          { type: "residual", layers: [{ type: "conv2d", filters: 4, kernel: 3, padding: "same", groups: 2 }] },
          {
            type: "concat",
            branches: [
              [{ type: "conv2d", filters: 3, kernel: [1, 3], padding: "same", stride: 2, activation: "leaky_relu" }],
              [{ type: "max_pool", size: 2 }],
              [{ type: "average_pool", size: 3, stride: 2, padding: 1 }],
            ],
          },
          { type: "conv2d", filters: 6, kernel: 2, dilation: 2, activation: "gelu" },
          { type: "dense", units: 8, activation: "tanh" },
        ],
      },
      training: { epochs: 1, penaltySearch: false },
    },
  ],
];

describe("onnxruntime says what the service says", () => {
  for (const [name, open, input] of cases) {
    test(name, async () => {
      const { model, rows: known } = await trainInto(store, open, input);
      const rows = open === mixed ? [...known, ...oddRows] : known;
      const ours = await predictionsOf(store, model, rows);
      const file = bytesOf(await exportStored(store, tenant, model, { preprocessing: true }));
      const outputs = await runOnnx(file, feedsOf(model, rows));
      expectAgreement(ours, answersOf(model, outputs, rows.length));
      const { label } = model.preprocessing;
      if (input.training?.calibration) expect(label.type === "classes" && label.calibration?.gain).toBeGreaterThan(0);
      const bare = bytesOf(await exportStored(store, tenant, model, { preprocessing: false }));
      const { inputs } = encodeRows(model.preprocessing, rows);
      const dims = [rows.length, model.preprocessing.inputs];
      const plain = await runOnnx(bare, { features: { type: "float32", dims, data: inputs } });
      expect(Object.values(plain)[0]!.dims[0]).toBe(rows.length);
    });
  }

  test("a column of which no training row had a value: any value is a missing one", async () => {
    const { model, rows } = await trainInto(store, mixed, {
      task: { type: "regression", label: "count", features: mixedFeatures },
      ...{ model: { type: "mlp", hidden: [4] }, training: short },
    });
    const features = model.preprocessing.features.map((feature) =>
      feature.type === "number" && feature.column === "size" ? { ...feature, unlearnt: true as const } : feature,
    );
    const blind = { ...model, preprocessing: { ...model.preprocessing, features } };
    const file = bytesOf(await exportStored(store, tenant, blind, { preprocessing: true }));
    const theirs = answersOf(blind, await runOnnx(file, feedsOf(blind, rows)), rows.length);
    const without = rows.map((row) => ({ ...row, size: null }));
    expectAgreement(await predictionsOf(store, model, without), theirs);
    expectAgreement(await predictionsOf(store, blind, rows), theirs);
  });
});
