import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OptimizerSpec } from "../../../src/domain/jobs/spec/optimizer-spec.ts";
import { runJob, specOf } from "./job.ts";

const rows = { trainRows: 75, trialRows: 64, validationRows: 20, testRows: 0 };
const perceptron = { type: "mlp", hidden: [20, 9], batchNorm: true, dropout: 0.3 };
const convolutional = {
  type: "cnn",
  layers: [
    { type: "conv2d", filters: 6, padding: "same", batchNorm: true },
    { type: "residual", layers: [{ type: "conv2d", filters: 6, padding: "same", groups: 2, activation: "tanh" }] },
    { type: "max_pool", size: 2 },
    {
      type: "concat",
      branches: [
        [{ type: "conv2d", filters: 3, kernel: 1 }],
        [{ type: "conv2d", filters: 2, padding: "same", activation: "gelu" }],
      ],
    },
    { type: "average_pool", size: 2, stride: 1, padding: 1 },
    { type: "dropout", rate: 0.2 },
    { type: "dense", units: 12, batchNorm: { position: "after" } },
  ],
};

const jobs = {
  "sgd on a perceptron": {
    spec: specOf({ model: perceptron, optimizer: { type: "sgd", learningRate: 0.1 } }),
    inputs: 7,
  },
  "momentum with a cosine schedule": {
    spec: specOf({
      model: perceptron,
      optimizer: { type: "momentum", nesterov: true, schedule: { type: "cosine", warmupSteps: 4 } },
    }),
    inputs: 7,
  },
  "adagrad with penalties": {
    spec: specOf({
      model: perceptron,
      optimizer: { type: "adagrad" },
      training: { l1: 1e-3, l2: 1e-2, gradientClip: { value: 0.05 } },
    }),
    inputs: 7,
  },
  "rmsprop with a clipped norm": {
    spec: specOf({ model: perceptron, optimizer: { type: "rmsprop" }, training: { gradientClip: { norm: 0.5 } } }),
    inputs: 7,
  },
  "adam with penalties": {
    spec: specOf({ model: perceptron, optimizer: { type: "adam" }, training: { l1: 1e-3, l2: 1e-2 } }),
    inputs: 7,
  },
  "adam with a search for the penalty": {
    spec: specOf({
      model: perceptron,
      optimizer: { type: "adam", schedule: { type: "cosine" } },
      training: { l2: 1e-2, penaltySearch: { holdOut: 0.2, folds: 2, factors: [0.25, 1, 4, 16] } },
    }),
    inputs: 7,
  },
  "adamw with rates of its own for a layer": {
    spec: specOf({
      model: perceptron,
      optimizer: {
        type: "adamw",
        layerFactors: { "hidden.1": 0.3 },
        schedule: { type: "reduce_on_plateau", patience: 0 },
      },
      training: { earlyStopping: { metric: "loss", patience: 2, minimumChange: 0, restoreBest: true } },
    }),
    inputs: 7,
  },
};

/** Every optimiser on a network with convolution, normalisation and dropout. */
const optimizers: Record<OptimizerSpec["type"], object> = {
  sgd: { learningRate: 0.1 },
  momentum: { nesterov: true },
  adagrad: { epsilonOutside: true },
  rmsprop: { epsilonOutside: true },
  adam: { schedule: { type: "one_cycle" } },
  adamw: { layerFactors: { "layers.0": 0.1 } },
};
const onImages = Object.entries(optimizers).map(
  ([type, options]) =>
    [
      `${type} on a convolutional network`,
      { spec: specOf({ model: convolutional, optimizer: { type, ...options } }), inputs: 64 },
    ] as const,
);

describe("the bits of the weights", () => {
  for (const [name, { spec, inputs }] of [...Object.entries(jobs), ...onImages]) {
    const shape = { ...rows, inputs, outputs: 3 };

    it(`do not depend on the number of threads: ${name}`, async () => {
      const alone = await runJob(spec, shape);
      for (const threads of [2, 3, 4]) {
        const team = await runJob(spec, shape, { threads });
        expect(team.plan.threads).toBe(threads);
        expect(team.digest).toBe(alone.digest);
        expect(team.result.metrics).toEqual(alone.result.metrics);
      }
    });

    it(`do not depend on being cut and resumed: ${name}`, async () => {
      const whole = await runJob(spec, shape);
      const { steps } = whole;
      const cut = fc.asyncProperty(fc.integer({ min: 1, max: steps - 1 }), async (stopAfterSteps) => {
        const first = await runJob(spec, shape, { stopAfterSteps });
        expect(first.result.outcome).toBe("paused");
        // What a checkpoint goes through: JSON and bytes.
        const { meta, tensors } = first.result.state;
        const resume = { meta: JSON.parse(JSON.stringify(meta)), tensors };
        const second = await runJob(spec, shape, { resume });
        expect(second.digest).toBe(whole.digest);
        expect(second.result.metrics).toEqual(whole.result.metrics);
      });
      await fc.assert(cut, { numRuns: 6 });
    });
  }
});
