import type { Comparison } from "../../domain/models/comparison.ts";

/** What is measured of a row, in words. The page's own: of the domain it may have types alone. */
export const measureWords = {
  log_likelihood: "log-likelihood of a row",
  squared_error: "squared error of a row",
  absolute_error: "absolute error of a row",
  pinball: "quantile loss of a row",
  poisson_deviance: "Poisson deviance of a row",
  gamma_deviance: "Gamma deviance of a row",
  negative_binomial_deviance: "negative binomial deviance of a row",
} as const satisfies Record<Comparison["measure"], string>;
