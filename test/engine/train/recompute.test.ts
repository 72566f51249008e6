import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { planTraining } from "../../../src/engine/train/planning/plan-training.ts";
import type { DataShape, TrainingPlan } from "../../../src/engine/train/planning/training.ts";
import { runJob, specOf } from "./job.ts";

type Model = Parameters<typeof specOf>[0]["model"];

const activation = fc.constantFrom("relu", "tanh", "gelu", "silu", "leaky_relu", "sigmoid");
const norm = fc.constantFrom(false, true, { position: "after" });
const convolution = fc.record({
  ...{ type: fc.constant("conv2d"), padding: fc.constant("same"), activation, batchNorm: norm },
  ...{ filters: fc.constantFrom(2, 4, 6), kernel: fc.constantFrom(1, 3), groups: fc.constantFrom(1, 2) },
});
/** What keeps the size of a picture of four channels. */
const likeIt = fc.record({
  ...{ type: fc.constant("conv2d"), padding: fc.constant("same"), activation, batchNorm: norm },
  ...{ filters: fc.constant(4), kernel: fc.constantFrom(1, 3), groups: fc.constantFrom(1, 2, 4) },
});
const dropout = fc.record({ type: fc.constant("dropout"), rate: fc.constantFrom(0.1, 0.5) });
const pool = fc.record({
  type: fc.constantFrom("max_pool", "average_pool"),
  size: fc.constant(2),
  stride: fc.constant(1),
});
const block = fc.oneof(
  likeIt,
  dropout,
  pool,
  fc.array(fc.oneof(likeIt, dropout), { minLength: 1, maxLength: 3 }).map((layers) => ({ type: "residual", layers })),
  fc.constant({
    type: "concat",
    branches: [[{ type: "conv2d", filters: 1, kernel: 1 }], [{ type: "conv2d", filters: 3, padding: "same" }]],
  }),
);
const convolutional = fc
  .record({ blocks: fc.array(block, { minLength: 2, maxLength: 7 }), last: convolution })
  .map(({ blocks, last }) => ({
    ...{ type: "cnn", input: { height: 8, width: 8, channels: 1 } },
    layers: [{ type: "conv2d", filters: 4, padding: "same" }, ...blocks, last],
  }));
const rate = fc.constantFrom(0, 0.3);
const stacked = { activation, batchNorm: norm, dropout: rate };
const member = fc.record({
  hidden: fc.array(fc.integer({ min: 4, max: 24 }), { minLength: 2, maxLength: 6 }),
  ...stacked,
});
const hidden = fc.array(fc.integer({ min: 4, max: 24 }), { minLength: 2, maxLength: 6 });
const perceptron = fc.record({ type: fc.constant("mlp"), hidden, ...stacked });
const ensemble = fc.array(member, { minLength: 2, maxLength: 3 }).map((members) => ({ type: "ensemble", members }));
const autoencoder = fc.record({ type: fc.constant("autoencoder"), encoder: hidden, ...stacked });

/** Frozen layers, parts of batches, penalties and other ways through a step. */
const ways = fc.record({
  training: fc.constantFrom<Partial<ResolvedJobSpec["training"]>>(
    {},
    { microBatch: 7 },
    { batchSize: "full" },
    { l1: 1e-3, l2: 1e-2, gradientClip: { norm: 0.5 } },
  ),
  optimizer: fc.constantFrom({ type: "adam" }, { type: "momentum", learningRate: 0.01 }),
});

const shape = { trainRows: 50, validationRows: 10, testRows: 0, inputs: 64, outputs: 3 };
const withCheckpointing = (spec: ResolvedJobSpec, gradientCheckpointing: boolean): ResolvedJobSpec => ({
  ...spec,
  training: { ...spec.training, gradientCheckpointing },
});

/** Trains with all activations kept, and with as many as can be computed again. */
const expectSameBits = async (spec: ResolvedJobSpec, of: DataShape, threads: number) => {
  const kept = await runJob(withCheckpointing(spec, false), of);
  const again = await runJob(withCheckpointing(spec, true), of, { threads });
  expect(again.digest).toBe(kept.digest);
  expect(again.result.metrics).toEqual(kept.result.metrics);
  expect(arenaOf(again.plan)).toBeLessThanOrEqual(arenaOf(kept.plan));
  return { kept: kept.plan, again: again.plan };
};

const squared = { loss: { type: "mean_squared_error" } };

describe("activations that are computed again", () => {
  it.each<[string, fc.Arbitrary<Model>, object, number]>([
    ["perceptrons", perceptron, {}, 3],
    ["convolutional networks", convolutional, {}, 3],
    ["ensembles", ensemble, {}, 3],
    ["autoencoders", autoencoder, squared, 64],
  ])("leave every bit of the weights as it is: random %s", async (_name, models, loss, outputs) => {
    const property = fc.asyncProperty(models, ways, fc.integer({ min: 1, max: 3 }), async (model, way, draw) => {
      await expectSameBits(specOf({ model, ...way, ...loss }), { ...shape, outputs }, draw === 3 ? 2 : 1);
    });
    await fc.assert(property, { numRuns: 8 });
  });

  const deep: Record<string, Model> = {
    "a perceptron": { type: "mlp", hidden: new Array(9).fill(40), batchNorm: true, dropout: 0.3 },
    "a network with shortcuts": {
      ...{ type: "cnn", input: { height: 8, width: 8, channels: 1 } },
      layers: [
        { type: "conv2d", filters: 6, padding: "same", batchNorm: true },
        ...new Array(5).fill({
          type: "residual",
          layers: [
            { type: "conv2d", filters: 6, padding: "same", batchNorm: true },
            { type: "dropout", rate: 0.2 },
            { type: "conv2d", filters: 6, padding: "same", activation: "identity", batchNorm: true },
          ],
        }),
        { type: "max_pool" },
      ],
    },
  };
  it.each(Object.entries(deep))(
    "take less memory, on any threads, after a cut, and of rows from a ring: %s",
    async (_name, model) => {
      const spec = specOf({ model, training: { batchSize: "full" } });
      const { kept, again } = await expectSameBits(spec, shape, 3);
      expect(kept.recomputedFlopsPerStep).toBe(0);
      expect(again.recomputedFlopsPerStep).toBeGreaterThan(0);
      expect(again.flopsPerStep - again.recomputedFlopsPerStep).toBe(kept.flopsPerStep);
      // No more than once: less than the forward pass, a third of a step.
      expect(again.recomputedFlopsPerStep).toBeLessThan(kept.flopsPerStep / 2);
      expect(arenaOf(again)).toBeLessThan(0.7 * arenaOf(kept));
      const forced = withCheckpointing(spec, true);
      const streamed = await runJob(forced, shape, { ringRows: 80, threads: 2 });
      expect(streamed.plan.ring).not.toBeNull();
      const first = await runJob(forced, shape, { stopAfterSteps: 2 });
      const second = await runJob(withCheckpointing(spec, false), shape, { resume: first.result.state });
      const { digest } = await runJob(spec, shape);
      expect([second.digest, streamed.digest]).toEqual([digest, digest]);
    },
  );

  it("are those of a step that would not fit otherwise, and as few as that takes", () => {
    const plain = specOf({ model: deep["a network with shortcuts"]!, training: { batchSize: "full" } });
    const planOf = (memoryBytes: number, training: object = {}) =>
      planTraining(
        { ...plain, training: { ...plain.training, ...training }, resources: { ...plain.resources, memoryBytes } },
        { ...shape, trainRows: 400 },
      );
    const whole = planOf(2 ** 30);
    expect(whole.recomputedFlopsPerStep).toBe(0);
    const { memoryBytes: least, recomputedFlopsPerStep: most } = planOf(2 ** 30, { gradientCheckpointing: true });
    expect(least).toBeLessThan(whole.memoryBytes);
    expect(planOf(whole.memoryBytes)).toEqual({ ...whole, spec: planOf(whole.memoryBytes).spec });
    let before = 0;
    for (const share of [0.99, 0.6, 0.3, 0]) {
      const room = Math.floor(least + share * (whole.memoryBytes - least));
      const fitted = planOf(room);
      expect(fitted.memoryBytes).toBeLessThanOrEqual(room);
      expect(fitted.keepingBytes).toBe(whole.memoryBytes);
      expect(fitted.recomputedFlopsPerStep).toBeGreaterThanOrEqual(before);
      before = fitted.recomputedFlopsPerStep;
      // The trainer plans with what was admitted, and comes to the same.
      expect(planOf(fitted.memoryBytes)).toMatchObject({
        memoryBytes: fitted.memoryBytes,
        recomputedFlopsPerStep: fitted.recomputedFlopsPerStep,
      });
      expect(planOf(room, { gradientCheckpointing: false }).memoryBytes).toBe(whole.memoryBytes);
    }
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThanOrEqual(most);
  });
});

const arenaOf = ({ programs }: TrainingPlan): number => Math.max(...programs.map(({ arenaBytes }) => arenaBytes));
