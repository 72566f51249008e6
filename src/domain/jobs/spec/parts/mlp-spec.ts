import { z } from "zod";
import { limits } from "../../../limits.ts";
import { activation, batchNorm, Initializer, units } from "./units.ts";

export const dropout = z
  .number()
  .min(0)
  .lt(1)
  .default(0)
  .describe("Share of each hidden layer's units that a training step leaves out: h becomes 0 or h/(1 − rate).");

/** What a multilayer perceptron is, alone or as a member of an ensemble. */
export const mlpFields = {
  hidden: z.array(units).min(1).max(limits.hiddenLayers).default([64, 32]).describe("Units of each hidden layer."),
  activation: activation.describe(
    "Of the hidden layers. A model that is left out as a whole has `silu`, which generalised better on small noisy tables.",
  ),
  initializer: Initializer.default("he"),
  batchNorm,
  dropout,
};

export const EnsembleMember = z.strictObject(mlpFields).meta({
  id: "EnsembleMember",
  description: "A multilayer perceptron of an ensemble, with an output layer of its own.",
});

export type EnsembleMember = z.infer<typeof EnsembleMember>;
