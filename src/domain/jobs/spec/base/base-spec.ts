import { z } from "zod";
import { AliasName, ModelId } from "../../../ids.ts";
import { limits } from "../../../limits.ts";

/** In place of names: every layer but the one that makes the outputs. */
export const allButHead = "all but the head";
/** In place of names: every layer. */
export const allLayers = "all";

const prefix = z.string().min(1).max(limits.nameLength);

export const UnfreezeSpec = z
  .strictObject({
    afterEpochs: z.int().min(1).max(limits.epochs).describe("Epochs during which they are still frozen."),
    layers: z
      .union([
        z.literal(allLayers).meta({ title: "All" }),
        z.array(prefix).min(1).max(limits.frozenLayers).meta({ title: "By name" }),
      ])
      .describe('By name or by the beginning of it: `["layer4"]`; or `"all"`.'),
  })
  .meta({ id: "UnfreezeSpec", description: "Frozen layers that begin to learn after so many epochs." });

export const BaseSpec = z
  .strictObject({
    model: z
      .union([ModelId, AliasName])
      .describe(
        "The model whose weights this job starts from, trained here or imported: its id, or an alias, which the record resolves.",
      ),
    freeze: z
      .union([
        z.literal(allButHead).meta({ title: "All but the head" }),
        z.array(prefix).max(limits.frozenLayers).meta({ title: "By name" }),
      ])
      .default([])
      .describe(
        'Layers that keep their weights, by name or by the beginning of it: `["hidden.0"]`; or `"all but the head"`. Batch normalisation keeps to its running averages in them.',
      ),
    unfreeze: z
      .array(UnfreezeSpec)
      .max(limits.unfreezings)
      .optional()
      .describe("Frozen layers that learn later, in the order of their epochs. Left out: none."),
    frozenBatchNorm: z
      .boolean()
      .optional()
      .describe(
        "Batch normalisation keeps to the base's running averages in all layers, also in those that learn. Left out: in frozen layers alone.",
      ),
    newHead: z
      .boolean()
      .default(false)
      .describe("A fresh output layer, for another set of labels; the other layers keep the base's weights."),
  })
  .meta({ id: "BaseSpec", description: "Fine-tuning: training goes on from another model's weights." });

export type BaseSpec = z.infer<typeof BaseSpec>;
