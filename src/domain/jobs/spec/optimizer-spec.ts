import { z } from "zod";
import { exactRecord } from "../../exact-record.ts";
import { nonNegativeFloat32, positiveFloat32 } from "../../float32.ts";

const decay = z.number().min(0).lt(1, "must be < 1");

/** How the learning rate moves over the steps of a job; `warmupSteps` (linear) may stand before any of them. */
export const Schedule = z
  .discriminatedUnion("type", [
    /** η */
    z.strictObject({ type: z.literal("constant"), warmupSteps: z.int().min(0).default(0) }),
    /** η·factor^⌊epoch/everyEpochs⌋ */
    z.strictObject({
      type: z.literal("step"),
      everyEpochs: z.int().min(1).default(10),
      factor: positiveFloat32.default(0.1),
      warmupSteps: z.int().min(0).default(0),
    }),
    /** η·factor^epoch */
    z.strictObject({
      type: z.literal("exponential"),
      factor: positiveFloat32.default(0.95),
      warmupSteps: z.int().min(0).default(0),
    }),
    /** minimum + (η − minimum)·(1 + cos(π·step/steps))/2 (Loshchilov & Hutter 2017, without restarts) */
    z.strictObject({
      type: z.literal("cosine"),
      minimum: nonNegativeFloat32.default(0),
      warmupSteps: z.int().min(0).default(0),
    }),
    /** Cosine up to η over the first `warmFraction` of the steps, cosine down to η/finalDivisor after (Smith 2018). */
    z.strictObject({
      type: z.literal("one_cycle"),
      warmFraction: z.number().gt(0).lt(1).default(0.3),
      initialDivisor: positiveFloat32.default(25),
      finalDivisor: positiveFloat32.default(1e4),
    }),
    /** η is multiplied by `factor` when the monitored loss has not fallen for `patience` epochs. */
    z.strictObject({
      type: z.literal("reduce_on_plateau"),
      factor: z.number().gt(0).lt(1).default(0.1),
      patience: z.int().min(0).default(10),
      minimum: nonNegativeFloat32.default(0),
      warmupSteps: z.int().min(0).default(0),
    }),
  ])
  .meta({ id: "Schedule" });

const common = {
  /** Left out: 0.01 (adam, adamw, rmsprop), 0.05 (adagrad), 0.1 (sgd), 0.01 (momentum). */
  learningRate: positiveFloat32.optional(),
  schedule: Schedule.default({ type: "constant", warmupSteps: 0 }),
  /** Learning rates of layers by name or prefix, as factors of the learning rate: `{"hidden.0": 0.1}`. */
  layerFactors: exactRecord(z.string().min(1), nonNegativeFloat32).default({}),
};
const epsilonOutside = z.boolean().default(false);

export const OptimizerSpec = z
  .discriminatedUnion("type", [
    /** w ← w − η g; full-batch gradient descent with `batchSize: "full"` */
    z.strictObject({ type: z.literal("sgd"), ...common }),
    /** m ← β m + η g; w ← w − m, or with `nesterov` w ← w − (β m + η g) */
    z.strictObject({
      type: z.literal("momentum"),
      ...common,
      momentum: decay.default(0.9),
      nesterov: z.boolean().default(false),
    }),
    /** s ← s + g²; w ← w − η g / √(s + ε), or with `epsilonOutside` η g / (√s + ε), as PyTorch has it */
    z.strictObject({ type: z.literal("adagrad"), ...common, epsilon: positiveFloat32.default(1e-10), epsilonOutside }),
    /** s ← α s + (1 − α) g²; w ← w − η g / √(s + ε), or with `epsilonOutside` η g / (√s + ε) */
    z.strictObject({
      type: z.literal("rmsprop"),
      ...common,
      alpha: decay.default(0.9),
      epsilon: positiveFloat32.default(1e-10),
      epsilonOutside,
    }),
    /** m̂, v̂ bias-corrected moving averages of g and g² (β₁, β₂); w ← w − η m̂ / (√v̂ + ε) */
    z.strictObject({
      type: z.literal("adam"),
      ...common,
      beta1: decay.default(0.9),
      beta2: decay.default(0.999),
      epsilon: positiveFloat32.default(1e-8),
    }),
    z.strictObject({
      type: z.literal("adamw"),
      ...common,
      beta1: decay.default(0.9),
      beta2: decay.default(0.999),
      epsilon: positiveFloat32.default(1e-8),
      /** Decoupled: w ← w − η·weightDecay·w before the Adam update (Loshchilov & Hutter 2019). */
      weightDecay: nonNegativeFloat32.default(0.01),
    }),
  ])
  .meta({ id: "OptimizerSpec" });

export type OptimizerSpec = z.infer<typeof OptimizerSpec>;
export type Schedule = z.infer<typeof Schedule>;
