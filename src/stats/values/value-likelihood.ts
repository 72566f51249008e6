import type { Metrics } from "../../domain/jobs/job.ts";
import type { LossSpec } from "../../domain/jobs/spec/parts/loss-spec.ts";
import { type Likelihood, logNormal, logPoisson } from "../regression-report.ts";
import { gammaShape, logGammaDensity, logNegativeBinomial } from "./value-measure.ts";

/** What a model was fitted by, and what it answered before the label's units. */
interface Fitted {
  readonly loss: LossSpec;
  readonly outputs: Float32Array | Float64Array;
  readonly metrics: Metrics;
  /** θ of a negative binomial; null: of others, and where counts vary no more than Poisson's. */
  readonly theta: number | null;
}

/** Of the rows that were asked about, in the label's units; `centerOf`: what the model that knows nothing says. */
interface Said {
  readonly predictions: Float64Array;
  readonly truths: Float64Array;
  centerOf(row: number): number;
}

/** Training residuals that are no larger than rounding offer no spread: networks answer in single, solved models in double precision. */
const hasSpread = (variance: number, scale: number, outputs: Float32Array | Float64Array): boolean =>
  Math.sqrt(variance) > (outputs instanceof Float64Array ? 2 ** -40 : 2 ** -22) * scale;

/** The distribution whose negative log-likelihood the loss is. Its spread, where the model has none, is the training split's. `scale`: of the label. */
export const likelihoodOf = (
  { loss, outputs, metrics, theta }: Fitted,
  scale: number,
  { predictions, truths, centerOf }: Said,
): Likelihood | null => {
  switch (loss.type) {
    case "poisson_nll":
      return {
        distribution: "Poisson",
        logOf: (row) => logPoisson(truths[row]!, predictions[row]!),
        deviance: {
          nullLogOf: (row) => logPoisson(truths[row]!, centerOf(row)),
          saturatedLogOf: (row) => logPoisson(truths[row]!, truths[row]!),
        },
      };
    case "negative_binomial_nll":
      return {
        distribution: theta === null ? "Poisson" : "negative binomial",
        logOf: (row) => logNegativeBinomial(truths[row]!, predictions[row]!, theta),
        deviance: {
          nullLogOf: (row) => logNegativeBinomial(truths[row]!, centerOf(row), theta),
          saturatedLogOf: (row) => logNegativeBinomial(truths[row]!, truths[row]!, theta),
        },
      };
    case "gamma_nll": {
      // The loss of the training rows is what their most likely shape follows from.
      const shape = gammaShape((metrics.trainLoss ?? 1) - 1);
      if (shape === null) return null;
      return {
        distribution: "Gamma, of the training rows' shape",
        logOf: (row) => logGammaDensity(truths[row]!, predictions[row]!, shape),
        deviance: {
          nullLogOf: (row) => logGammaDensity(truths[row]!, centerOf(row), shape),
          saturatedLogOf: (row) => logGammaDensity(truths[row]!, truths[row]!, shape),
        },
      };
    }
    case "gaussian_nll": {
      const variances = predictions.map((_, row) => Math.exp(outputs[2 * row + 1]!) * scale ** 2);
      return {
        distribution: "normal, its variance a second output",
        logOf: (row) => logNormal(truths[row]!, predictions[row]!, variances[row]!),
        deviance: null,
      };
    }
    case "mean_squared_error": {
      const variance = metrics.trainMeanSquaredError ?? 0;
      if (!hasSpread(variance, scale, outputs)) return null;
      return {
        distribution: "normal, of the training residuals' variance",
        logOf: (row) => logNormal(truths[row]!, predictions[row]!, variance),
        deviance: null,
      };
    }
    default:
      return null;
  }
};
