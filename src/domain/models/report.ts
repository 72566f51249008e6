import { z } from "zod";
import { Conformal } from "./conformal.ts";
import { CrossValidationReport } from "./cross-validation.ts";
import { Estimate, ReportWeights } from "./estimate.ts";
import { Explained, Operating } from "./explained.ts";
import { Coefficient, Inference, Solution } from "./inference.ts";
import { Against } from "./parts/against.ts";
import { ClusterStability, TellingColumn } from "./parts/clusters.ts";
import { LearningCurveReport } from "./parts/learning-curve.ts";
import { BetweenReport, QuantileReport } from "./parts/quantile-report.ts";
import { ResidualsByFeature } from "./parts/residuals-by-feature.ts";
import { TrainingFit } from "./parts/training-fit.ts";

export const ReportNote = z
  .object({
    code: z
      .string()
      .describe(
        "`separated`, `collinear`, `constant_label`, `too_few_rows`, `one_group`, `penalised`, `too_many_coefficients`, `not_converged`, `degenerate_component`, `cross_validated`, `labels_missing`, `split_by_group`, `split_by_time`, `classes_not_learnt`, `no_threshold`, `refitted`, `calibrated`, `exposure`, `empty_clusters`, `learning_curve`, `no_overdispersion`, `overdispersed`, `nearly_collinear`, `leverage_one`, `few_clusters`, `not_unique`, `label_given_away`, `copied_rows`, `training_rows`, `seen_by_base`; more may come",
      ),
    message: z.string().describe("for people, with the remedy"),
  })
  .meta({ id: "ReportNote", description: "What the report cannot say, or what must be known to read it." });

const against = Against.nullable()
  .default(null)
  .describe("null where the loss is another, or for models of earlier versions");

const explained = Explained.nullable()
  .default(null)
  .describe(
    "null for images and imported networks, where the rows are too few or too wide, or for models of earlier versions",
  );

const conformal = Conformal.nullable()
  .default(null)
  .describe("null where no rows were held out, but for least squares, or by earlier versions");

const linear = {
  coefficients: z
    .array(Coefficient)
    .nullable()
    .default(null)
    .describe(
      "linear, logistic, softmax, Poisson, Gamma, negative binomial and quantile models; null for others, or where the loss is no likelihood of theirs",
    ),
  trainingFit: TrainingFit.nullable().default(null).describe("of the same models"),
  solution: Solution.nullable()
    .default(null)
    .describe("of linear models that were solved; null where weights were trained by iterations"),
  inference: Inference.nullable().default(null).describe("of linear models that were solved without a penalty"),
};

const crossValidation = CrossValidationReport.nullable()
  .default(null)
  .describe("of a job with a cross-validation: its folds; null for others");

const learningCurve = LearningCurveReport.nullable()
  .default(null)
  .describe("of a job with `training.learningCurve`; null for others");

const notes = z.array(ReportNote).default([]).describe("what cannot be said, and why");

const evaluated = {
  split: z
    .enum(["test", "validation", "train", "out_of_fold"])
    .describe(
      "the rows that everything is measured on; `train` only where nothing was held out, and then too good; `out_of_fold`: of a cross-validation, each predicted by a model that did not learn from it",
    ),
  rows: z.int().describe("measured on; of a large split at most a million, evenly spread"),
  distribution: z.string().nullable().describe("whose negative log-likelihood the loss is; null: of none"),
  logLikelihood: Estimate.nullable().describe("natural logarithm, mean of a row"),
  devianceExplained: Estimate.nullable().describe(
    "1 − deviance / null deviance: classes, counts, Gamma and quantiles (there Koenker and Machado's R¹) only; the null model knows the classes' shares, the mean, or the quantile, of the training split",
  ),
  notes,
};

const ClassReport = z
  .object({
    label: z.string().describe("the class"),
    rows: z.int().describe("that have it"),
    predicted: z.int().describe("rows for which it is the answer"),
    precision: Estimate.nullable().describe("share of those for which it is right; null: never predicted"),
    recall: Estimate.nullable().describe("share of the rows that have it which are found; null: no row has it"),
  })
  .meta({ id: "ClassReport", description: "How well one class is found." });

const shareQuantile = z
  .object({
    share: z.number().describe("of the rows, 0 to 1, that lie below"),
    value: z.number().describe("in the unit of what is counted"),
  })
  .meta({ id: "Quantile", description: "A quantile of a distribution." });

export const ClassificationReport = z
  .object({
    task: z.literal("classification"),
    ...evaluated,
    ...linear,
    conformal,
    against,
    crossValidation,
    explained,
    residualsByFeature: ResidualsByFeature,
    learningCurve,
    weights: ReportWeights,
    threshold: z
      .number()
      .nullable()
      .default(null)
      .describe(
        "of the model: the probability from which on the second of two classes is the answer, in all counts of this report; null: the likelier class is",
      ),
    accuracy: Estimate,
    baselineAccuracy: z.number().describe("of always answering the training split's most frequent class"),
    brier: Estimate.describe("mean squared distance of the probabilities from the truth, 0 to 2"),
    areaUnderRoc: Estimate.nullable().describe("two classes only"),
    operating: Operating.nullable()
      .default(null)
      .describe(
        "two classes only: ROC, precision and recall, F1 and cost at every threshold; null where the rows have one class",
      ),
    calibrationError: z.number().describe("mean |confidence − accuracy| over bins of equally many rows"),
    calibrationErrorByChance: z
      .number()
      .nullable()
      .default(null)
      .describe(
        "what it would be on average if each answer were right with its confidence: of few rows far from 0; null where rows are not independent (repeats, groups), and in reports of earlier versions",
      ),
    calibration: z
      .array(
        z
          .object({
            rows: z.int().describe("in the bin"),
            confidence: z.number().describe("mean probability of the answer"),
            accuracy: z.number().describe("share of right answers"),
          })
          .meta({ id: "CalibrationBin", description: "Rows of about the same confidence." }),
      )
      .describe("bins of equally many rows, by confidence"),
    classes: z.array(ClassReport).describe("in the order of the outputs"),
    confusion: z
      .array(z.array(z.int()))
      .nullable()
      .describe("rows by truth (first index) and prediction, in the order of `classes`; null above 100 classes"),
    predictionSets: z
      .object({
        coverage: z.number().describe("the probability"),
        threshold: z.number().describe("least probability of a class in the set"),
        meanSize: z.number().describe("classes in a set, on average"),
      })
      .meta({ id: "PredictionSets", description: "Sets of classes that hold the truth with a stated probability." })
      .nullable()
      .describe("the set of classes with at least `threshold` holds a new row's class with this probability at least"),
  })
  .meta({ id: "ClassificationReport", title: "Classification", description: "Of a classification." });

export const RegressionReport = z
  .object({
    task: z.literal("regression"),
    ...evaluated,
    ...linear,
    conformal,
    against,
    crossValidation,
    explained,
    residualsByFeature: ResidualsByFeature,
    learningCurve,
    weights: ReportWeights,
    rootMeanSquaredError: Estimate,
    meanAbsoluteError: Estimate,
    r2: Estimate.nullable().describe("null: the label does not vary in these rows; a note says so"),
    bias: Estimate.describe("mean of prediction − truth"),
    residuals: z
      .object({
        standardDeviation: z.number().nullable().describe("in the label's units; null: of one row"),
        skewness: z
          .number()
          .nullable()
          .describe("0 for symmetric errors, above where a few predictions are far too high; null: they do not vary"),
        excessKurtosis: z
          .number()
          .nullable()
          .describe("0 for normal errors, above for heavy tails; null: they do not vary"),
        quantiles: z.array(shareQuantile).describe("of prediction − truth"),
        spreadCorrelation: z
          .number()
          .nullable()
          .describe(
            "Spearman's, of |residual| and prediction: far from 0, the errors grow or shrink with the prediction",
          ),
      })
      .meta({ id: "Residuals", description: "The errors' distribution." })
      .describe("prediction − truth, over the rows"),
    below: QuantileReport.nullable().default(null).describe("of the loss `pinball`; null for others"),
    between: BetweenReport.nullable().default(null).describe("of `pinball` with an `interval`; null for others"),
    dispersion: z
      .number()
      .nullable()
      .describe("counts only: Pearson's χ² per row; above 1 they vary more than Poisson's"),
    predictionInterval: z
      .object({
        coverage: z.number().describe("the probability"),
        halfWidth: z.number().describe("in the label's units"),
      })
      .meta({ id: "PredictionInterval", description: "An interval that holds the truth with a stated probability." })
      .nullable()
      .describe("prediction ± halfWidth holds a new row's value with this probability at least"),
  })
  .meta({ id: "RegressionReport", title: "Regression", description: "Of a regression." });

const criteria = z
  .array(
    z
      .object({
        k: z.int().describe("clusters or components"),
        criterion: z.enum(["bic", "silhouette"]).describe("of mixtures, or of k-means"),
        value: z.number().describe("its value"),
      })
      .meta({ id: "KCriterion", description: "What the choice of k went by, for one k." }),
  )
  .describe("what the choice of k went by, on the rows of the training split: the lowest BIC, the highest silhouette");

export const ClusteringReport = z
  .object({
    task: z.enum(["clustering", "density_estimation"]).describe("of the job"),
    split: evaluated.split,
    rows: evaluated.rows,
    distribution: z.string().nullable().describe("whose likelihood it is; null: of none"),
    logLikelihood: Estimate.nullable().describe("natural logarithm, mean of a row"),
    notes,
    meanDistance: Estimate.nullable().describe("of a row from its centroid, in standard deviations of the features"),
    k: z.int().describe("clusters or components of the model"),
    criteria,
    clusters: z
      .array(
        z
          .object({
            trainRows: z.int().describe("of the training split"),
            rows: z.int().describe("of the `rows` of `split`"),
            weight: z.number().nullable().describe("a mixture's own estimate of the share"),
            stability: z
              .number()
              .nullable()
              .default(null)
              .describe(
                "mean Jaccard similarity with the most similar cluster of each resample: above 0.85 it is found again, below 0.6 it is an accident of these rows (Hennig 2007); null where nothing was resampled, or by earlier versions",
              ),
            silhouette: z
              .number()
              .nullable()
              .default(null)
              .describe(
                "mean of its rows, −1 to 1: near 1 they lie apart from all other clusters, below 0 in another one",
              ),
          })
          .meta({ id: "ClusterReport", description: "One cluster or component." }),
      )
      .describe("in the order of their numbers"),
    stability: ClusterStability.nullable()
      .default(null)
      .describe(
        "null for one cluster, for too few rows, or where it would take longer than about a second; models of earlier versions have none",
      ),
    columns: z
      .array(TellingColumn)
      .default([])
      .describe("the most telling first, at most 100; of the rows that stability is of"),
  })
  .meta({ id: "ClusteringReport", title: "Clustering", description: "Of a clustering or a density estimation." });

export const ReconstructionReport = z
  .object({
    task: z.literal("reconstruction"),
    split: evaluated.split,
    rows: evaluated.rows,
    notes,
    crossValidation,
    meanSquaredError: Estimate.describe("of a row, mean over the standardised inputs"),
    quantiles: z.array(shareQuantile).describe("of the rows' errors: what lies above the last ones is unusual"),
  })
  .meta({ id: "ReconstructionReport", title: "Reconstruction", description: "Of an autoencoder." });

export const Report = z
  .discriminatedUnion("task", [ClassificationReport, RegressionReport, ClusteringReport, ReconstructionReport])
  .meta({ id: "Report", description: "How good the model is on rows that it has not seen, and how sure that is" });

export type ReportNote = z.infer<typeof ReportNote>;
export type ClassificationReport = z.infer<typeof ClassificationReport>;
export type RegressionReport = z.infer<typeof RegressionReport>;
export type ClusteringReport = z.infer<typeof ClusteringReport>;
export type ReconstructionReport = z.infer<typeof ReconstructionReport>;
export type Report = z.infer<typeof Report>;
