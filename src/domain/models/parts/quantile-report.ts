import { z } from "zod";
import { Estimate } from "../estimate.ts";

export const QuantileReport = z
  .object({
    quantile: z.number().describe("which quantile of the label is predicted"),
    share: Estimate.describe("of the rows whose label is below the prediction: near `quantile` where it is calibrated"),
    pinball: Estimate.describe("mean ρ(label − prediction), in the label's units"),
  })
  .meta({ id: "QuantileReport", description: "How well a quantile is predicted." });
