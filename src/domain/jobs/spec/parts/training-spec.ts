import { z } from "zod";
import { nonNegativeFloat32, positiveFloat32 } from "../../../float32.ts";
import { limits } from "../../../limits.ts";
import { CrossValidation } from "../folds/cross-validation-spec.ts";
import { PenaltySearch } from "../penalty-search.ts";
import { AugmentSpec } from "./augment-spec.ts";
import { LearningCurve } from "./learning-curve-spec.ts";

const columnName = z.string().min(1).max(limits.nameLength).optional();
const words = z.array(z.string().min(1).max(limits.nameLength)).min(1).max(100).optional();

export const SplitSpec = z
  .strictObject({
    validation: z
      .number()
      .min(0)
      .lt(1)
      .optional()
      .describe(
        "Share of the rows that early stopping and schedules look at. Left out: 0.1, or 0 below 5000 rows, where they are worth more in the training split, and for exact solutions.",
      ),
    test: z
      .number()
      .min(0)
      .lt(1)
      .optional()
      .describe(
        "Share of the rows that the report is measured on. Left out: 0.2, that of a fold of five; 0 under a cross-validation, which sets these rows aside from every fold.",
      ),
    stratify: z
      .boolean()
      .default(true)
      .describe(
        "Classification: each class has the same share in the three parts, as far as whole rows allow. Without effect with `by`, `time` or `column`.",
      ),
    by: columnName.describe(
      "A column whose equal values mark rows that belong together (patients, shops): each value is in one split, so that no model is asked about what it has met. Early stopping and the search for a penalty hold out whole values too, and so do the folds of a cross-validation. It is no feature unless the task names it. Left out: rows are drawn one by one.",
    ),
    time: columnName.describe(
      "A column of dates, times (ISO 8601; without a zone, UTC) or numbers that grow with time: the last share of the rows is the test split, the share before it validates, and what is older trains. Rows of one time are never parted, so shares are as near as that allows. It is no feature unless the task names it. Left out: rows are drawn without regard to time.",
    ),
    column: columnName.describe(
      "A column that says which split a row is in: `train`, `validation` (`valid`, `val`, `dev`) or `test`, in any case, or the words in `values`. `test` is then left out; `validation` is drawn from the training rows if the column names none, and 0 trains on those it names. It is no feature unless the task names it. Left out: the split is drawn.",
    ),
    values: z
      .strictObject({
        train: words.describe("Values whose rows train. Left out: none."),
        validation: words.describe("Values whose rows validate. Left out: none."),
        test: words.describe("Values whose rows the report is measured on. Left out: none."),
      })
      .meta({ id: "SplitWords", description: "What the column of a split says." })
      .optional()
      .describe("The words of `column` that stand for each split. Left out: the usual ones."),
    seed: z
      .int()
      .min(0)
      .max(Number.MAX_SAFE_INTEGER)
      .optional()
      .describe(
        "Of the draw of the rows, and of the folds of a cross-validation: jobs with other seeds are then measured on the same rows. Left out: the job's `seed`.",
      ),
  })
  .meta({
    id: "SplitSpec",
    description:
      "Which rows train, validate and test: drawn at random from a seed, or by `by`, `time` or `column`, of which one may be given. Validation and test together must leave rows to train on.",
  });

export const EarlyStopping = z
  .strictObject({
    metric: z
      .enum(["loss", "accuracy", "r2"])
      .default("loss")
      .describe(
        "Measured on the validation split after each epoch; `loss` is to fall, `accuracy` (classification) and `r2` (regression) to rise.",
      ),
    patience: z.int().min(1).default(20).describe("Epochs without improvement after which training ends."),
    minimumChange: nonNegativeFloat32
      .default(0)
      .describe("The least difference from the best value, in the metric's unit, that counts as an improvement."),
    restoreBest: z.boolean().default(true).describe("The model is that of the best epoch, not of the last."),
  })
  .meta({ id: "EarlyStopping", title: "On", description: "When training ends before its last epoch." });

const batchSize = z
  .union([z.int().min(1).max(1_000_000).meta({ title: "Rows" }), z.literal("full")])
  .optional()
  .describe(
    "Rows in a step; `full`: all training rows. Left out: the power of two nearest to training rows / 45, from 16 to 256.",
  );

const gradientClip = z
  .union([
    z
      .strictObject({ norm: positiveFloat32.describe("The largest length of the whole gradient: g·min(1, norm/‖g‖).") })
      .meta({ id: "ClipByNorm", title: "By norm", description: "Shortens the gradient and keeps its direction." }),
    z
      .strictObject({ value: positiveFloat32.describe("The largest absolute value of each of its entries.") })
      .meta({ id: "ClipByValue", title: "By value", description: "Holds each entry within ±value." }),
  ])
  .optional()
  .describe("Bounds the gradient before each update. Left out: it is used as it is.");

export const TrainingSpec = z
  .strictObject({
    solver: z
      .enum(["exact", "iterative"])
      .optional()
      .describe(
        "Of linear, logistic, softmax, Poisson, Gamma, negative binomial and quantile models; the last three know no other. `exact`: the coefficients that fit best are computed in float64, by QR, to the convergence of Newton's method, or at the vertex of a linear program (quantiles), without a penalty unless `l2` is given; `epochs` are then the most iterations, and the optimizer is without effect. `iterative`: trained by gradient descent, as networks are. Left out: exact, unless the job gives an optimizer, epochs, a batch size, early stopping, gradient clipping, a base, `l1`, a loss that is not the model's own likelihood, or more than 10,000 coefficients (softmax: 500).",
      ),
    epochs: z
      .int()
      .min(1)
      .max(limits.epochs)
      .optional()
      .describe(
        "Passes over the training rows. Left out: as many as give about 3000 steps (6000 for a model of one layer), at least 20; for k-means 300 and for mixtures 500 iterations at most, for exact solutions 500.",
      ),
    batchSize,
    microBatch: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe(
        "Rows of a batch that are computed at once, their gradients added up to those of the whole: a large network fits in little memory. Batch normalisation that learns sees these rows alone. Left out: the whole batch.",
      ),
    gradientCheckpointing: z
      .boolean()
      .optional()
      .describe(
        "Computes activations again before their gradients instead of keeping them all (recomputation): less memory for more time, and the same bits. `true`: saves all that can be saved. `false`: never. Left out: only where the job would not fit into `resources.memoryBytes` otherwise, and only as far as it takes.",
      ),
    augment: AugmentSpec.optional().describe("Of a job on images. Left out: each epoch sees the same pixels."),
    split: SplitSpec.prefault({}),
    crossValidation: CrossValidation.optional().describe(
      "Measures by predictions for rows that were held out, part after part, and not by one split. Left out: one split.",
    ),
    learningCurve: LearningCurve.optional().describe(
      "Measures what more rows are worth, by fits to parts of the training rows. Left out: none is made.",
    ),
    earlyStopping: z
      .union([z.literal(false), EarlyStopping])
      .optional()
      .describe("`false`: train all epochs. Left out: on, with its defaults, if there is a validation split."),
    l1: nonNegativeFloat32
      .default(0)
      .describe("Factor of l1·Σ|w|, added to the loss, over the weights and not the biases."),
    l2: nonNegativeFloat32
      .optional()
      .describe(
        "Factor of (l2/2)·Σw², added to the loss, over the weights and not the biases. Left out: 1/(τ²·training rows), which makes the fit the mode under a N(0, τ²) prior on each weight; τ² is 1, and 2.5 / inputs (at least 0.1) for an MLP; twice as much where the loss is twice a negative log-likelihood; 0 for clusters and exact solutions.",
      ),
    penaltySearch: z
      .union([z.literal(false), PenaltySearch])
      .optional()
      .describe(
        "Chooses a multiple of `l2` by held-out training rows; the metric `l2` and an event say which. `false`: `l2` as it stands. Left out: on for an MLP whose `l2` and `epochs` are left out too, unless early stopping guards against fitting noise or rows are too few.",
      ),
    refit: z
      .boolean()
      .optional()
      .describe(
        "Measures first and then fits once more, on every row: with the epochs, the penalty (as l2 · training rows), the threshold that the measured model was given. The report stays that of the measured model. Left out: `false`, the model is the one that was measured.",
      ),
    calibration: z
      .union([z.literal(false), z.literal("temperature"), z.literal("isotonic")])
      .optional()
      .describe(
        "Of classifications: `temperature` divides all logits by one number, from 0.5 to 4, chosen by the likelihood of rows that the model has not learnt from: the validation split, or those that the search for a penalty holds out, or else those of a cross-validation's folds. It stays 1 unless they prefer another by a standard error. It becomes part of the output layer's weights, so that predictions and exports have it. `isotonic` puts the probabilities through a growing curve (of more than two classes one for each, divided by their sum), fitted to the validation split by pooling adjacent violators; there is none where its rows, each judged by a curve of the others, do not prefer it by a standard error. It is part of the model's record, and predictions, the report and ONNX files have it. Left out: `false`.",
      ),
    clusterBy: z
      .string()
      .min(1)
      .max(limits.nameLength)
      .optional()
      .describe(
        "Of exact solutions: a column whose equal values mark rows that belong together (patients, shops); the report gives the errors by cluster beside the others. Left out: each row by itself.",
      ),
    gradientClip,
    shuffle: z
      .boolean()
      .default(true)
      .describe("A new order of the training rows in each epoch, drawn from the seed; `false`: always the file's."),
    seed: z
      .int()
      .min(0)
      .max(Number.MAX_SAFE_INTEGER)
      .default(42)
      .describe(
        "Of everything random: split, initial weights, order, dropout. The same specification, data and seed give the same weights, to the bit.",
      ),
  })
  .meta({ id: "TrainingSpec", description: "How long and on which rows, with what held against fitting noise." });

export type SplitSpec = z.infer<typeof SplitSpec>;
export type EarlyStopping = z.infer<typeof EarlyStopping>;
export type TrainingSpec = z.infer<typeof TrainingSpec>;
