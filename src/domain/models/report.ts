import { z } from "zod";

/** A number with its uncertainty: an interval that covers the truth in 95 of 100 samples of this size. */
export const Estimate = z
  .object({ value: z.number(), lower: z.number().nullable(), upper: z.number().nullable() })
  .meta({
    id: "Estimate",
    description:
      "a value and its 95 % confidence interval; null where the rows cannot say how sure it is: one row, or rows that are all alike",
  });

/** What the report cannot say, or what must be known to read it. `code` is stable. */
export const ReportNote = z
  .object({
    code: z
      .string()
      .describe(
        "`separated`, `collinear`, `constant_label`, `too_few_rows`, `penalised`, `too_many_coefficients`, `degenerate_component`; more may come. `separated`: one feature alone, or several together (Newton's method on the likelihood does not come to rest in 30 steps), tell classes apart for certain",
      ),
    message: z.string(),
  })
  .meta({ id: "ReportNote" });

/** A coefficient of a linear predictor, in the units of the data. */
export const Coefficient = z
  .object({
    term: z
      .string()
      .describe("`(intercept)`, a number column, `column=level` against the column's first level, or `column missing`"),
    class: z.string().optional().describe("softmax: the class that is compared with the first"),
    estimate: z.number().describe("of the label's units, log odds or log rate, for one unit of the column"),
    standardError: z.number().nullable().describe("null: a note says why"),
    statistic: z.number().nullable().describe("estimate / standardError: z, or t for numbers"),
    pValue: z.number().nullable().describe("two-sided, of no effect"),
    lower: z.number().nullable(),
    upper: z.number().nullable(),
  })
  .meta({ id: "Coefficient" });

/** How well a linear model fits the rows that it was trained on. */
export const TrainingFit = z
  .object({
    rows: z.int(),
    logLikelihood: z.number().describe("natural logarithm, sum over the training rows"),
    deviance: z
      .number()
      .describe("−2 (logLikelihood − that of a model that knows every label); for numbers Σ (y − ŷ)²"),
    nullDeviance: z.number().describe("of the model that knows only the label's distribution"),
  })
  .meta({ id: "TrainingFit" });

const linear = {
  coefficients: z
    .array(Coefficient)
    .nullable()
    .default(null)
    .describe(
      "linear, logistic, softmax and Poisson models; null for others, or where the loss is no likelihood of theirs",
    ),
  trainingFit: TrainingFit.nullable().default(null).describe("of the same models"),
};

const notes = z.array(ReportNote).default([]).describe("what cannot be said, and why");

const evaluated = {
  split: z
    .enum(["test", "validation", "train"])
    .describe("the rows that everything is measured on; `train` only where nothing was held out, and then too good"),
  rows: z.int().describe("measured on; of a large split at most a million, evenly spread"),
  distribution: z.string().nullable().describe("whose negative log-likelihood the loss is; null: of none"),
  logLikelihood: Estimate.nullable().describe("natural logarithm, mean of a row"),
  devianceExplained: Estimate.nullable().describe(
    "1 − deviance / null deviance: classes and counts only; the null model knows the classes' shares, or the mean count, of the training split",
  ),
  notes,
};

const ClassReport = z.object({
  label: z.string(),
  rows: z.int(),
  predicted: z.int(),
  precision: Estimate.nullable().describe("null: never predicted"),
  recall: Estimate.nullable().describe("null: no row has it"),
});

export const ClassificationReport = z
  .object({
    task: z.literal("classification"),
    ...evaluated,
    ...linear,
    accuracy: Estimate,
    baselineAccuracy: z.number().describe("of always answering the training split's most frequent class"),
    brier: Estimate.describe("mean squared distance of the probabilities from the truth, 0 to 2"),
    areaUnderRoc: Estimate.nullable().describe("two classes only"),
    calibrationError: z.number().describe("mean |confidence − accuracy| over bins of equally many rows"),
    calibration: z.array(z.object({ rows: z.int(), confidence: z.number(), accuracy: z.number() })),
    classes: z.array(ClassReport),
    confusion: z
      .array(z.array(z.int()))
      .nullable()
      .describe("rows by truth (first index) and prediction, in the order of `classes`; null above 100 classes"),
    predictionSets: z
      .object({ coverage: z.number(), threshold: z.number(), meanSize: z.number() })
      .nullable()
      .describe("the set of classes with at least `threshold` holds a new row's class with this probability at least"),
  })
  .meta({ id: "ClassificationReport" });

export const RegressionReport = z
  .object({
    task: z.literal("regression"),
    ...evaluated,
    ...linear,
    rootMeanSquaredError: Estimate,
    meanAbsoluteError: Estimate,
    r2: Estimate.nullable().describe("null: the label does not vary in these rows; a note says so"),
    bias: Estimate.describe("mean of prediction − truth"),
    residuals: z.object({
      standardDeviation: z.number(),
      skewness: z.number().nullable(),
      excessKurtosis: z.number().nullable(),
      quantiles: z.array(z.object({ share: z.number(), value: z.number() })),
      spreadCorrelation: z
        .number()
        .nullable()
        .describe(
          "Spearman's, of |residual| and prediction: far from 0, the errors grow or shrink with the prediction",
        ),
    }),
    dispersion: z
      .number()
      .nullable()
      .describe("counts only: Pearson's χ² per row; above 1 they vary more than Poisson's"),
    predictionInterval: z
      .object({ coverage: z.number(), halfWidth: z.number() })
      .nullable()
      .describe("prediction ± halfWidth holds a new row's value with this probability at least"),
  })
  .meta({ id: "RegressionReport" });

const criteria = z
  .array(z.object({ k: z.int(), criterion: z.enum(["bic", "silhouette"]), value: z.number() }))
  .describe("what the choice of k went by, on the rows of the training split: the lowest BIC, the highest silhouette");

export const ClusteringReport = z
  .object({
    task: z.enum(["clustering", "density_estimation"]),
    split: evaluated.split,
    rows: evaluated.rows,
    distribution: z.string().nullable(),
    logLikelihood: Estimate.nullable(),
    notes,
    meanDistance: Estimate.nullable().describe("of a row from its centroid, in standard deviations of the features"),
    k: z.int(),
    criteria,
    clusters: z.array(
      z.object({
        trainRows: z.int().describe("of the training split"),
        rows: z.int().describe("of the `rows` of `split`"),
        weight: z.number().nullable().describe("a mixture's own estimate of the share"),
      }),
    ),
  })
  .meta({ id: "ClusteringReport" });

export const ReconstructionReport = z
  .object({
    task: z.literal("reconstruction"),
    split: evaluated.split,
    rows: evaluated.rows,
    notes,
    meanSquaredError: Estimate.describe("of a row, mean over the standardised inputs"),
    quantiles: z
      .array(z.object({ share: z.number(), value: z.number() }))
      .describe("of the rows' errors: what lies above the last ones is unusual"),
  })
  .meta({ id: "ReconstructionReport" });

export const Report = z
  .discriminatedUnion("task", [ClassificationReport, RegressionReport, ClusteringReport, ReconstructionReport])
  .meta({ id: "Report", description: "How good the model is on rows that it has not seen, and how sure that is" });

export type Coefficient = z.infer<typeof Coefficient>;
export type TrainingFit = z.infer<typeof TrainingFit>;
export type Estimate = z.infer<typeof Estimate>;
export type ReportNote = z.infer<typeof ReportNote>;
export type ClassificationReport = z.infer<typeof ClassificationReport>;
export type RegressionReport = z.infer<typeof RegressionReport>;
export type ClusteringReport = z.infer<typeof ClusteringReport>;
export type ReconstructionReport = z.infer<typeof ReconstructionReport>;
export type Report = z.infer<typeof Report>;
