import { z } from "zod";
import { exactRecord } from "../../exact-record.ts";
import { nonNegativeFloat32, positiveFloat32 } from "../../float32.ts";

const decay = z.number().min(0).lt(1, "must be < 1");

const warmupSteps = z
  .int()
  .min(0)
  .default(0)
  .describe("Steps over which the rate first grows from 0 in a straight line; 0: none.");
const minimum = nonNegativeFloat32.default(0).describe("The rate never falls below this.");

/** How the learning rate moves over the steps of a job; `warmupSteps` (linear) may stand before any of them. */
export const Schedule = z
  .discriminatedUnion("type", [
    z
      .strictObject({ type: z.literal("constant"), warmupSteps })
      .meta({ id: "ConstantSchedule", title: "Constant", description: "η" }),
    z
      .strictObject({
        type: z.literal("step"),
        everyEpochs: z.int().min(1).default(10).describe("Epochs between two falls."),
        factor: positiveFloat32.default(0.1).describe("What the rate is multiplied by at each fall."),
        warmupSteps,
      })
      .meta({ id: "StepSchedule", title: "Steps", description: "η·factor^⌊epoch/everyEpochs⌋" }),
    z
      .strictObject({
        type: z.literal("exponential"),
        factor: positiveFloat32.default(0.95).describe("What the rate is multiplied by after each epoch."),
        warmupSteps,
      })
      .meta({ id: "ExponentialSchedule", title: "Exponential", description: "η·factor^epoch" }),
    z.strictObject({ type: z.literal("cosine"), minimum, warmupSteps }).meta({
      id: "CosineSchedule",
      title: "Cosine",
      description: "minimum + (η − minimum)·(1 + cos(π·step/steps))/2 (Loshchilov & Hutter 2017, without restarts)",
    }),
    z
      .strictObject({
        type: z.literal("one_cycle"),
        warmFraction: z
          .number()
          .gt(0)
          .lt(1)
          .default(0.3)
          .describe("Share of the steps over which the rate rises to η."),
        initialDivisor: positiveFloat32.default(25).describe("The first rate is η divided by this."),
        finalDivisor: positiveFloat32.default(1e4).describe("The last rate is η divided by this."),
      })
      .meta({
        id: "OneCycleSchedule",
        title: "One cycle",
        description: "Along a cosine from η/initialDivisor up to η, then down to η/finalDivisor (Smith 2018).",
      }),
    z
      .strictObject({
        type: z.literal("reduce_on_plateau"),
        factor: z.number().gt(0).lt(1).default(0.1).describe("What the rate is multiplied by at each fall."),
        patience: z.int().min(0).default(10).describe("Epochs without a lower loss after which it falls."),
        minimum,
        warmupSteps,
      })
      .meta({
        id: "PlateauSchedule",
        title: "On a plateau",
        description:
          "η is multiplied by `factor` when the loss (of the validation split, if there is one) has not fallen for `patience` epochs.",
      }),
  ])
  .meta({
    id: "Schedule",
    title: "Schedule",
    description: "How the learning rate moves over the steps of a job, η being the optimiser's `learningRate`.",
  });

const common = {
  learningRate: positiveFloat32
    .optional()
    .describe(
      "η, the length of a step. Left out: 0.01 (adam, adamw, rmsprop, momentum), 0.05 (adagrad), 0.1 (sgd); with a base a tenth of that.",
    ),
  schedule: Schedule.default({ type: "constant", warmupSteps: 0 }),
  layerFactors: exactRecord(z.string().min(1), nonNegativeFloat32)
    .default({})
    .describe('Learning rates of layers, by name or the beginning of it, as factors of η: `{"hidden.0": 0.1}`.'),
};
const epsilon = (value: number) =>
  positiveFloat32.default(value).describe("ε, which keeps the denominator from being 0.");
const epsilonOutside = z
  .boolean()
  .default(false)
  .describe("ε is added to the root, as PyTorch has it, instead of under it.");
const adam = {
  beta1: decay.default(0.9).describe("β₁, the share of the past in the moving average of g."),
  beta2: decay.default(0.999).describe("β₂, the share of the past in the moving average of g²."),
  epsilon: epsilon(1e-8),
};

export const OptimizerSpec = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("sgd"), ...common }).meta({
      id: "SgdOptimizer",
      title: "Gradient descent",
      description: 'w ← w − η·g; the whole of the data in each step with `batchSize: "full"`.',
    }),
    z
      .strictObject({
        type: z.literal("momentum"),
        ...common,
        momentum: decay.default(0.9).describe("β, the share of the last step that is kept."),
        nesterov: z.boolean().default(false).describe("Looks ahead: w ← w − (β·m + η·g)."),
      })
      .meta({ id: "MomentumOptimizer", title: "Momentum", description: "m ← β·m + η·g; w ← w − m" }),
    z.strictObject({ type: z.literal("adagrad"), ...common, epsilon: epsilon(1e-10), epsilonOutside }).meta({
      id: "AdagradOptimizer",
      title: "Adagrad",
      description: "s ← s + g²; w ← w − η·g/√(s + ε)",
    }),
    z
      .strictObject({
        type: z.literal("rmsprop"),
        ...common,
        alpha: decay.default(0.9).describe("α, the share of the past in the moving average of g²."),
        epsilon: epsilon(1e-10),
        epsilonOutside,
      })
      .meta({
        id: "RmspropOptimizer",
        title: "RMSProp",
        description: "s ← α·s + (1 − α)·g²; w ← w − η·g/√(s + ε)",
      }),
    z.strictObject({ type: z.literal("adam"), ...common, ...adam }).meta({
      id: "AdamOptimizer",
      title: "Adam",
      description: "m̂, v̂ bias-corrected moving averages of g and g²; w ← w − η·m̂/(√v̂ + ε) (Kingma & Ba 2015)",
    }),
    z
      .strictObject({
        type: z.literal("adamw"),
        ...common,
        ...adam,
        weightDecay: nonNegativeFloat32
          .default(0.01)
          .describe("λ: w ← w − η·λ·w before each update, apart from the gradient."),
      })
      .meta({
        id: "AdamwOptimizer",
        title: "AdamW",
        description: "Adam with decoupled weight decay (Loshchilov & Hutter 2019).",
      }),
  ])
  .meta({
    id: "OptimizerSpec",
    title: "Optimiser",
    description: "How weights w follow the gradient g of the loss of a batch.",
  });

export type OptimizerSpec = z.infer<typeof OptimizerSpec>;
export type Schedule = z.infer<typeof Schedule>;
