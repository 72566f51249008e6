import { assert } from "../domain/errors.ts";
import type { Graph } from "../engine/graph/graph.ts";
import type { Rule } from "./rules.ts";
import { elementwiseRules } from "./rules-elementwise.ts";
import { layerRules } from "./rules-layers.ts";
import { shapeRules } from "./rules-shapes.ts";
import type { Translation } from "./translation.ts";

/** Ops that a model's answer may be made of. */
export const translatedOps: ReadonlyMap<string, Rule> = new Map(
  Object.entries<Rule>({ ...elementwiseRules, ...layerRules, ...shapeRules }),
);

/** Writes a traced graph's nodes. What its leaves are must be known: tensors of the model, or held already. */
export const translateGraph = (t: Translation, graph: Graph): void => {
  for (const { op, inputs, outputs, attributes } of graph.nodes) {
    const rule = translatedOps.get(op.name);
    assert(rule !== undefined, `${op.name} can be written as ONNX`);
    rule(t, { ...inputs, ...outputs }, attributes as never);
  }
};
