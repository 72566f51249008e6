import { z } from "zod";
import { positiveFloat32 } from "../../../float32.ts";
import { limits } from "../../../limits.ts";
import { activation, batchNorm, Initializer, units } from "./units.ts";

export const dropout = z
  .number()
  .min(0)
  .lt(1)
  .default(0)
  .describe("Share of each hidden layer's units that a training step leaves out: h becomes 0 or h/(1 − rate).");

export const InputEmbedding = z
  .strictObject({
    type: z
      .enum(["tanh", "periodic", "piecewise_linear"])
      .optional()
      .describe(
        "f of the units: `tanh`; `periodic` cos 2πz; `piecewise_linear` the ramp min(max(z, 0), 1). Left out: `tanh`.",
      ),
    units: z.int().min(1).max(64).default(8).describe("Units of each input, beside the input itself."),
    deviation: positiveFloat32
      .default(2)
      .describe(
        "At the beginning slopes and shifts are from N(0, deviation²): the larger, the steeper are the steps that can be followed. `periodic`: slopes, in turns, from N(0, (deviation/20)²), shifts from U(−½, ½). `piecewise_linear`: slopes are the deviation, shifts from N(0, deviation²).",
      ),
  })
  .meta({
    id: "InputEmbedding",
    description:
      "Each input x has units of its own, f(slope·x + shift), which the first hidden layer sees beside x: steps at thresholds of single columns, which trees find, are then easy to learn, and so are waves. Slopes and shifts are learnt and not penalised.",
  });

export const CategoryInputs = z
  .strictObject({
    first: z.int().min(0).describe("The first of the column's inputs, from 0."),
    levels: z.int().min(1).describe("Inputs, one for each category."),
    dimensions: z.int().min(1).max(256).describe("Numbers that a category becomes."),
  })
  .meta({
    id: "CategoryInputs",
    description:
      "The inputs of a column's categories are multiplied by a matrix [levels, dimensions], whose rows are the numbers of each category: N(0, 1/dimensions) at first, learnt, and penalised like weights.",
  });

/** What a multilayer perceptron is, alone or as a member of an ensemble. */
export const mlpFields = {
  hidden: z.array(units).min(1).max(limits.hiddenLayers).default([64, 32]).describe("Units of each hidden layer."),
  activation: activation.describe(
    "Of the hidden layers. A model that is left out as a whole has `silu`, which generalised better on small noisy tables.",
  ),
  initializer: Initializer.default("he"),
  batchNorm,
  dropout,
  embedding: InputEmbedding.optional().describe("Units of each single input before the hidden layers. Left out: none."),
  categories: z
    .array(CategoryInputs)
    .min(1)
    .optional()
    .describe(
      "Inputs that are embedded, in their order. Left out: what `preprocessing` says of embeddings decides, and the record shows it here.",
    ),
};

export const EnsembleMember = z.strictObject(mlpFields).meta({
  id: "EnsembleMember",
  description: "A multilayer perceptron of an ensemble, with an output layer of its own.",
});

export type CategoryInputs = z.infer<typeof CategoryInputs>;
export type InputEmbedding = z.infer<typeof InputEmbedding>;
export type EnsembleMember = z.infer<typeof EnsembleMember>;
