import { z } from "zod";

const Uncertainty = z
  .object({
    standardError: z.number().describe("under these assumptions"),
    statistic: z.number().describe("estimate / standardError"),
    pValue: z.number().describe("two-sided, of no effect"),
    lower: z.number().describe("where the 95 % interval begins"),
    upper: z.number().describe("where it ends"),
  })
  .meta({ id: "Uncertainty", description: "Errors of a coefficient under one set of assumptions." });

const Ratio = z
  .object({
    value: z.number().describe("e^estimate"),
    lower: z.number().nullable().describe("where the 95 % interval begins"),
    upper: z.number().nullable().describe("where it ends"),
  })
  .meta({ id: "Ratio", description: "Of odds or rates, for one unit of the column." });

export const Coefficient = z
  .object({
    term: z
      .string()
      .describe("`(intercept)`, a number column, `column=level` against the column's first level, or `column missing`"),
    class: z.string().optional().describe("softmax: the class that is compared with the first"),
    estimate: z
      .number()
      .nullable()
      .describe(
        "of the label's units, log odds or log rate, for one unit of the column; null: the likelihood has no maximum, and a note says why",
      ),
    standardError: z.number().nullable().describe("null: a note says why"),
    statistic: z.number().nullable().describe("estimate / standardError: z, or t for numbers, Gamma and quantiles"),
    pValue: z.number().nullable().describe("two-sided, of no effect"),
    lower: z.number().nullable().describe("where the 95 % interval begins"),
    upper: z.number().nullable().describe("where it ends"),
    ratio: Ratio.nullable()
      .default(null)
      .describe(
        "of odds (logistic, softmax), rates (Poisson, negative binomial) or means (Gamma); exact solutions only",
      ),
    robust: Uncertainty.nullable()
      .default(null)
      .describe("HC3 (MacKinnon & White 1985): right also where the variance is not the model's; exact solutions only"),
    clustered: Uncertainty.nullable()
      .default(null)
      .describe("by cluster of `training.clusterBy`: right also where rows of one cluster depend on each other"),
    varianceInflation: z
      .number()
      .nullable()
      .default(null)
      .describe("how much the other columns enlarge the variance of this estimate: above 10, they say nearly the same"),
  })
  .meta({
    id: "Coefficient",
    description: "A coefficient (parameter, weight) of a linear predictor, in the units of the data.",
  });

export const Solution = z
  .object({
    solver: z.enum(["exact"]).describe("what was asked for"),
    method: z
      .enum(["qr", "newton", "lbfgs", "simplex"])
      .describe(
        "how the coefficients were found; `simplex`: of a quantile, from vertex to vertex of its linear program",
      ),
    converged: z.boolean().describe("false: a note says why"),
    iterations: z.int().describe("1 for QR; of a linear program its vertices"),
    lastStep: z
      .number()
      .nullable()
      .describe("its length in standard errors; null for QR, which takes one pass, and for a linear program"),
    gap: z
      .number()
      .nullable()
      .default(null)
      .describe(
        "of a linear program: how far its loss is above the least possible at most, by its dual; null for others",
      ),
    refinements: z.int().describe("how often residuals in twice the precision corrected a solution by QR"),
    rank: z.int().describe("of the columns with the intercept"),
    columns: z.int().describe("of the predictor, the intercept among them"),
    l2: z.number().describe("the penalty; 0: none"),
  })
  .meta({ id: "Solution", description: "How the coefficients of a linear model were found." });

/** What a test against a nested model says. */
export const nestedTest = {
  statistic: z.number().describe("F, or twice the difference of the log-likelihoods"),
  distribution: z.enum(["F", "chi-squared"]).describe("of the statistic, if what is left out has no effect"),
  degrees: z.int().describe("of freedom: coefficients that are left out"),
  residualDegrees: z.int().nullable().describe("of an F; null for χ²"),
  pValue: z.number().describe("of no effect"),
};
const NestedTest = z
  .object(nestedTest)
  .meta({ id: "NestedTest", description: "Against a model that is nested in this one." });
const FeatureTest = z
  .object({ feature: z.string().describe("the column"), ...nestedTest })
  .meta({ id: "FeatureTest", description: "Against the model without one feature." });
const InfluentialRow = z
  .object({
    row: z.int().describe("of the data set, from 0"),
    leverage: z.number().describe("how far its fitted value follows its own label, 0 to 1"),
    cooksDistance: z.number().describe("Cook (1977): above 1, the row alone moves the estimates"),
    residual: z.number().describe("label − fitted value, of classes 1 or 0 − probability"),
  })
  .meta({ id: "InfluentialRow", description: "A training row that the estimates depend on." });

export const Inference = z
  .object({
    rows: z.int().describe("of the training split: all of this is about them"),
    parameters: z.int().describe("coefficients that are determined; for numbers the variance is not among them"),
    residualDegrees: z.int().describe("rows − parameters"),
    dispersion: z
      .number()
      .nullable()
      .describe(
        "Pearson's χ² / residualDegrees: the residual variance of numbers; of counts, above 1 they vary more than the model says; of a Gamma the φ that its errors go by; null for softmax and quantiles",
      ),
    aic: z
      .number()
      .nullable()
      .describe(
        "2 k − 2 log-likelihood; k counts the variance of numbers, a Gamma's dispersion and a negative binomial's θ, as R does; null where the fit has no end",
      ),
    bic: z.number().nullable().describe("k ln n − 2 log-likelihood; null where the fit has no end"),
    overall: NestedTest.nullable().describe(
      "against the intercept alone: F for numbers and Gamma, else the likelihood ratio; null where the fit has no end, and for quantiles",
    ),
    features: z
      .array(FeatureTest)
      .describe(
        "without each feature, all its terms together: F for numbers and Gamma, else the likelihood ratio; none for quantiles",
      ),
    shape: z
      .object({
        name: z.enum(["alpha", "theta"]).describe("of a Gamma: variance μ²/α; of a negative binomial: μ + μ²/θ"),
        estimate: z.number().describe("of the largest likelihood"),
        standardError: z.number().describe("by the observed information"),
      })
      .meta({ id: "ShapeParameter", description: "The parameter of a distribution beside its mean." })
      .nullable()
      .default(null)
      .describe("null for others, and where counts vary no more than Poisson's: a note says so"),
    quantile: z
      .object({
        level: z.number().describe("which quantile of the label is fitted"),
        explained: z
          .number()
          .nullable()
          .describe("1 − Σρ / Σρ of the intercept alone: R¹ (Koenker & Machado 1999); null where that is 0"),
        errors: z
          .enum(["kernel"])
          .describe(
            "`kernel`: a sandwich with the label's density by a normal kernel (Powell 1991), right whatever the spread is at each row",
          ),
      })
      .meta({ id: "QuantileInference", description: "Of a quantile regression." })
      .nullable()
      .default(null)
      .describe("null for others"),
    covariance: z
      .object({
        terms: z.array(z.string()).describe("of rows and columns"),
        values: z.array(z.array(z.number())).describe("row by row"),
      })
      .meta({ id: "CoefficientCovariance", description: "Variances and covariances of the estimates." })
      .nullable()
      .describe("classical; null above 100 coefficients, or where they have no errors"),
    influence: z
      .object({
        meanLeverage: z.number().describe("parameters / rows"),
        largest: z.array(InfluentialRow).describe("the ten largest Cook's distances"),
      })
      .meta({ id: "Influence", description: "Which rows the estimates depend on." })
      .nullable()
      .describe("null for softmax and quantiles, or where the estimates have no errors"),
    clusters: z
      .object({ column: z.string().describe("that names them"), clusters: z.int().describe("how many") })
      .meta({ id: "ErrorClusters", description: "Rows that belong together." })
      .nullable()
      .describe("of `training.clusterBy`"),
  })
  .meta({
    id: "Inference",
    description:
      "What can be inferred about a linear model's coefficients from the training rows, beside their own errors.",
  });

export type Coefficient = z.infer<typeof Coefficient>;
export type Uncertainty = z.infer<typeof Uncertainty>;
export type Solution = z.infer<typeof Solution>;
export type Inference = z.infer<typeof Inference>;
