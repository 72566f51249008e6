import { z } from "zod";

/** Errors of a coefficient under one set of assumptions. */
const Uncertainty = z.object({
  standardError: z.number(),
  statistic: z.number(),
  pValue: z.number().describe("two-sided, of no effect"),
  lower: z.number(),
  upper: z.number(),
});

/** A coefficient (parameter, weight) of a linear predictor, in the units of the data. */
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
    ratio: z
      .object({ value: z.number(), lower: z.number().nullable(), upper: z.number().nullable() })
      .nullable()
      .default(null)
      .describe("e^estimate: of odds (logistic, softmax) or rates (Poisson), for one unit of the column"),
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
  .meta({ id: "Coefficient" });

/** How the coefficients were found. */
export const Solution = z
  .object({
    solver: z.enum(["exact"]),
    method: z.enum(["qr", "newton", "lbfgs"]),
    converged: z.boolean(),
    iterations: z.int(),
    lastStep: z.number().nullable().describe("its length in standard errors; null for QR, which takes one pass"),
    refinements: z.int().describe("how often residuals in twice the precision corrected a solution by QR"),
    rank: z.int().describe("of the columns with the intercept"),
    columns: z.int().describe("of the predictor, the intercept among them"),
    l2: z.number().describe("the penalty; 0: none"),
  })
  .meta({ id: "Solution" });

const Test = {
  statistic: z.number(),
  distribution: z.enum(["F", "chi-squared"]),
  degrees: z.int(),
  residualDegrees: z.int().nullable().describe("of an F; null for χ²"),
  pValue: z.number(),
};

/** What can be inferred about a linear model's coefficients from the training rows, beside their own errors. */
export const Inference = z
  .object({
    rows: z.int().describe("of the training split: all of this is about them"),
    parameters: z.int().describe("coefficients that are determined; for numbers the variance is not among them"),
    residualDegrees: z.int(),
    dispersion: z
      .number()
      .nullable()
      .describe(
        "Pearson's χ² / residualDegrees: the residual variance of numbers; of counts, above 1 they vary more than Poisson's",
      ),
    aic: z.number().nullable().describe("2 k − 2 log-likelihood; k counts the variance of numbers, as R does"),
    bic: z.number().nullable().describe("k ln n − 2 log-likelihood"),
    overall: z
      .object(Test)
      .nullable()
      .describe("against the intercept alone: F for numbers, else the likelihood ratio; null where the fit has no end"),
    features: z
      .array(z.object({ feature: z.string(), ...Test }))
      .describe(
        "against the model without the feature, all its terms together: F for numbers, else the likelihood ratio",
      ),
    covariance: z
      .object({ terms: z.array(z.string()), values: z.array(z.array(z.number())) })
      .nullable()
      .describe("of the estimates, classical; null above 100 coefficients, or where they have no errors"),
    influence: z
      .object({
        meanLeverage: z.number().describe("coefficients / rows"),
        largest: z.array(
          z.object({
            row: z.int().describe("of the data set, from 0"),
            leverage: z.number(),
            cooksDistance: z.number().describe("Cook (1977): above 1, the row alone moves the estimates"),
            residual: z.number().describe("label − fitted value, of classes 1 or 0 − probability"),
          }),
        ),
      })
      .nullable()
      .describe("the ten rows with the largest Cook's distances"),
    clusters: z.object({ column: z.string(), clusters: z.int() }).nullable(),
  })
  .meta({ id: "Inference" });

export type Coefficient = z.infer<typeof Coefficient>;
export type Uncertainty = z.infer<typeof Uncertainty>;
export type Solution = z.infer<typeof Solution>;
export type Inference = z.infer<typeof Inference>;
