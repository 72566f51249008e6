import { z } from "zod";
import { Estimate } from "../estimate.ts";

export const QuantileReport = z
  .object({
    quantile: z.number().describe("which quantile of the label is predicted"),
    share: Estimate.describe("of the rows whose label is below the prediction: near `quantile` where it is calibrated"),
    pinball: Estimate.describe("mean ρ(label − prediction), in the label's units"),
  })
  .meta({ id: "QuantileReport", description: "How well a quantile is predicted." });

export const BetweenReport = z
  .object({
    interval: z.number().describe("share of the labels that are meant to lie between the two quantiles"),
    share: Estimate.describe("of the labels that do, before any correction by held-out rows"),
    width: Estimate.describe("from the lower to the upper quantile, mean of a row, in the label's units"),
  })
  .meta({ id: "BetweenReport", description: "How well a lower and an upper quantile enclose the label." });
