import { z } from "zod";
import { AliasName, ModelId } from "../../../ids.ts";
import { limits } from "../../../limits.ts";

/** In place of names: every layer but the one that makes the outputs. */
export const allButHead = "all but the head";
/** In place of names: every layer. */
export const allLayers = "all";

const prefix = z.string().min(1).max(limits.nameLength);

/** Layers that begin to learn after so many epochs. */
export const UnfreezeSpec = z
  .strictObject({
    afterEpochs: z.int().min(1).max(limits.epochs),
    /** By name or prefix: `["layer4"]`; or `"all"`. */
    layers: z.union([z.literal(allLayers), z.array(prefix).min(1).max(limits.frozenLayers)]),
  })
  .meta({ id: "UnfreezeSpec" });

export const BaseSpec = z
  .strictObject({
    /** The model whose weights this job starts from: an id or an alias. Trained here or imported. */
    model: z.union([ModelId, AliasName]),
    /** Layers by name or prefix that keep their weights: `["hidden.0"]`; or `"all but the head"`. */
    freeze: z.union([z.literal(allButHead), z.array(prefix).max(limits.frozenLayers)]).default([]),
    /** Frozen layers that learn later: `[{"afterEpochs": 5, "layers": ["layer4"]}, {"afterEpochs": 10, "layers": "all"}]`. */
    unfreeze: z.array(UnfreezeSpec).max(limits.unfreezings).optional(),
    /** Batch normalisation keeps to the base's running averages in all layers, frozen or not. Left out: in frozen layers alone. */
    frozenBatchNorm: z.boolean().optional(),
    /** A fresh output layer, for a new label set. */
    newHead: z.boolean().default(false),
  })
  .meta({ id: "BaseSpec" });

export type BaseSpec = z.infer<typeof BaseSpec>;
