import { z } from "zod";
import { exactRecord } from "../exact-record.ts";
import { JobSpec } from "../jobs/spec/job-spec.ts";
import { limits } from "../limits.ts";
import { Space } from "./space.ts";

/** What trials are compared by: a metric of the validation rows. The test rows choose nothing. */
export const ObjectiveMetric = z.enum([
  "validationLoss",
  "validationAccuracy",
  "validationR2",
  "validationMeanSquaredError",
  "validationRootMeanSquaredError",
]);
export type ObjectiveMetric = z.infer<typeof ObjectiveMetric>;

export const Objective = z
  .strictObject({
    metric: ObjectiveMetric.default("validationLoss"),
    direction: z.enum(["minimize", "maximize"]).optional().describe("left out: `maximize` for accuracy and R²"),
  })
  .meta({ id: "Objective" });

export const Sampler = z
  .discriminatedUnion("type", [
    /** The multivariate tree-structured Parzen estimator; ten random trials first. */
    z.strictObject({ type: z.literal("tpe") }),
    z.strictObject({ type: z.literal("random") }),
    /** Sobol's sequence, scrambled by the seed. */
    z.strictObject({ type: z.literal("sobol") }),
    /** Every combination; of a range without a step `points` at equal distances in its scale. */
    z.strictObject({ type: z.literal("grid"), points: z.int().min(1).max(100).default(5) }),
  ])
  .meta({ id: "Sampler" });

export const Pruner = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("none") }),
    /** Successive halving: at minEpochs · reductionᵏ epochs the best 1/reduction of the trials go on, from their checkpoints. */
    z.strictObject({
      type: z.literal("asha"),
      minEpochs: z.int().min(1).optional().describe("left out: four halvings below all epochs, at least 1"),
      reduction: z.int().min(2).max(16).default(4),
      brackets: z.int().min(1).max(5).default(1).describe("bracket s starts at minEpochs · reductionˢ"),
    }),
    /** Every `everyEpochs` a trial goes on if its best so far is no worse than the median of the others at the same epoch. */
    z.strictObject({
      type: z.literal("median"),
      everyEpochs: z.int().min(1).optional().describe("left out: a tenth of all epochs"),
      startTrials: z.int().min(1).default(5),
    }),
  ])
  .meta({ id: "Pruner" });

/** Values of a trial by the pointers of the space. */
export const TrialValues = exactRecord(z.string(), z.json()).meta({ id: "TrialValues" });

export const StudySpec = z
  .strictObject({
    name: z.string().min(1).max(limits.nameLength).optional(),
    job: JobSpec.describe("what all trials have in common; what the space sets may be left out"),
    space: Space.optional().describe(
      "JSON pointer into the job → its range or choices; left out: one for the model and task",
    ),
    objective: Objective.prefault({}),
    sampler: Sampler.default({ type: "tpe" }),
    pruner: Pruner.default({ type: "none" }),
    trials: z.int().min(1).max(limits.studyTrials).default(50),
    parallel: z
      .int()
      .min(1)
      .max(limits.studyParallel)
      .default(4)
      .describe("trials that wait in the queue or run at a time"),
    maxSeconds: z
      .number()
      .positive()
      .max(30 * 24 * 3600)
      .optional()
      .describe("after which no trial is started any more"),
    seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(42),
    guesses: z.array(TrialValues).max(100).default([]).describe("tried first, in this order"),
    final: z
      .boolean()
      .default(true)
      .describe("train the choice once more, on training and validation rows, and measure it on the test rows, once"),
  })
  .meta({ id: "StudySpec" });

export type StudySpec = z.infer<typeof StudySpec>;
export type TrialValues = z.infer<typeof TrialValues>;

/** With every default filled in. */
export type ResolvedStudySpec = Omit<StudySpec, "name" | "space" | "objective" | "pruner" | "job"> & {
  name: string;
  /** As it was sent, with what all trials must share. */
  job: z.input<typeof JobSpec>;
  space: Space;
  objective: { metric: ObjectiveMetric; direction: "minimize" | "maximize" };
  pruner:
    | { type: "none" }
    | { type: "asha"; minEpochs: number; reduction: number; brackets: number }
    | { type: "median"; everyEpochs: number; startTrials: number };
};
