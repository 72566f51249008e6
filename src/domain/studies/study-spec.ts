import { z } from "zod";
import { exactRecord } from "../exact-record.ts";
import { StudyId } from "../ids.ts";
import { JobSpec } from "../jobs/spec/job-spec.ts";
import { WebhookSpec } from "../jobs/spec/webhook-spec.ts";
import { JsonValue } from "../json-value.ts";
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
    metric: ObjectiveMetric.default("validationLoss").describe(
      "A metric of the validation rows: loss and accuracy for classes, all but accuracy for numbers. Where the job has a `crossValidation`, the same of the out-of-fold predictions.",
    ),
    direction: z
      .enum(["minimize", "maximize"])
      .optional()
      .describe(
        "Which values are better, as the metric has it. Left out: `maximize` for accuracy and R², else `minimize`.",
      ),
  })
  .meta({ id: "Objective", description: "What trials are compared by. The test rows choose nothing." });

export const Sampler = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("tpe") }).meta({
      id: "TpeSampler",
      title: "Parzen estimator",
      description: "The multivariate tree-structured Parzen estimator; ten random trials first.",
    }),
    z
      .strictObject({ type: z.literal("random") })
      .meta({ id: "RandomSampler", title: "Random", description: "Each trial by itself, evenly over the space." }),
    z.strictObject({ type: z.literal("sobol") }).meta({
      id: "SobolSampler",
      title: "Sobol's sequence",
      description: "Fills the space more evenly than chance does; scrambled by the seed.",
    }),
    z
      .strictObject({
        type: z.literal("grid"),
        points: z
          .int()
          .min(1)
          .max(100)
          .default(5)
          .describe("Values of each range that has no step, at equal distances in its scale."),
      })
      .meta({ id: "GridSampler", title: "Grid", description: "Every combination, until `trials` are reached." }),
  ])
  .meta({ id: "Sampler", description: "How the values of the next trial are proposed." });

export const Pruner = z
  .discriminatedUnion("type", [
    z
      .strictObject({ type: z.literal("none") })
      .meta({ id: "NoPruner", title: "None", description: "Every trial runs to its end." }),
    z
      .strictObject({
        type: z.literal("asha"),
        minEpochs: z
          .int()
          .min(1)
          .optional()
          .describe(
            "Epochs after which trials are first compared. Left out: a trial's epochs / reduction⁴, rounded, at least 1.",
          ),
        reduction: z
          .int()
          .min(2)
          .max(16)
          .default(4)
          .describe("Of this many trials that are compared one goes on, for this many times the epochs."),
        brackets: z
          .int()
          .min(1)
          .max(5)
          .default(1)
          .describe(
            "Groups that are compared apart: bracket s, from 0, starts at minEpochs · reductionˢ; a trial's is drawn by the seed.",
          ),
      })
      .meta({
        id: "AshaPruner",
        title: "Successive halving",
        description:
          "At minEpochs · reductionᵏ epochs the best 1/reduction of the trials go on, from their checkpoints (Li et al. 2020).",
      }),
    z
      .strictObject({
        type: z.literal("median"),
        everyEpochs: z
          .int()
          .min(1)
          .optional()
          .describe("Epochs between two comparisons. Left out: a tenth of a trial's epochs, rounded down, at least 1."),
        startTrials: z
          .int()
          .min(1)
          .default(5)
          .describe("A trial goes on anyway while fewer earlier ones have come to the same epoch."),
      })
      .meta({
        id: "MedianPruner",
        title: "Median",
        description:
          "Every `everyEpochs` a trial goes on if its best value so far is no worse than the median of the earlier ones at the same epoch.",
      }),
    z
      .strictObject({
        type: z.literal("racing"),
        first: z
          .int()
          .min(2)
          .max(limits.fits)
          .default(3)
          .describe("Folds, or seeds, after which a trial is first compared with the best."),
      })
      .meta({
        id: "RacingPruner",
        title: "Racing",
        description:
          "Of trials with a cross-validation or several seeds: after each fold, or seed, one that is surely worse than the best ends; the paired 95 % interval of its difference holds no 0.",
      }),
  ])
  .meta({ id: "Pruner", description: "Which trials are stopped before their end, to spare time." });

export const TrialValues = exactRecord(z.string(), JsonValue).meta({
  id: "TrialValues",
  description: "Values of a trial by the pointers of the space.",
});

export const StudySpec = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(limits.nameLength)
      .optional()
      .describe("Shown in lists; the trials' jobs are named after it. Left out: the data set's name and `study`."),
    job: JobSpec.describe("What all trials have in common; what the space sets may be left out."),
    space: Space.optional().describe(
      "JSON pointer into the job → its range or choices. Left out: one for the model and task.",
    ),
    objective: Objective.prefault({}).describe("What trials are compared by."),
    sampler: Sampler.default({ type: "tpe" }).describe("How the values of the next trial are proposed."),
    pruner: Pruner.default({ type: "none" }).describe("Which trials are stopped before their end."),
    trials: z
      .int()
      .min(1)
      .max(limits.studyTrials)
      .default(50)
      .describe("How many there are, guesses too; a grid may end before."),
    parallel: z
      .int()
      .min(1)
      .max(limits.studyParallel)
      .default(4)
      .describe("Trials that wait in the queue or run at a time, at most."),
    maxSeconds: z
      .number()
      .positive()
      .max(30 * 24 * 3600)
      .optional()
      .describe("Seconds since the study was submitted after which no trial is started any more. Left out: no end."),
    seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(42).describe("Of the proposals; the job has its own."),
    seeds: z
      .int()
      .min(1)
      .max(limits.studySeeds)
      .default(1)
      .describe(
        "How many times each trial is trained, on the same rows with another seed each time, from the job's own on: its value is the mean.",
      ),
    guesses: z.array(TrialValues).max(100).default([]).describe("Values of your own, tried first, in this order."),
    maxEpochs: z
      .int()
      .min(1)
      .optional()
      .describe("Epochs of all trials together after which no trial is started any more. Left out: no end."),
    warmStart: z
      .array(StudyId)
      .min(1)
      .max(10)
      .optional()
      .describe(
        "Earlier studies on the same data set with the same objective, whose finished trials the sampler `tpe` starts from: the last hundred that lie in this space. Left out: none.",
      ),
    webhook: WebhookSpec.optional().describe("Whom to tell when the study has ended."),
    final: z
      .boolean()
      .default(true)
      .describe("Train the choice once more, on training and validation rows, and measure it on the test rows, once."),
  })
  .meta({
    id: "StudySpec",
    description: "A search for the values of a job that do best on rows which no trial has learnt from.",
  });

export type StudySpec = z.infer<typeof StudySpec>;
/** As it may be sent. */
export type StudySpecInput = z.input<typeof StudySpec>;
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
    | { type: "median"; everyEpochs: number; startTrials: number }
    | { type: "racing"; first: number };
};
