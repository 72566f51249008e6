import { assert } from "./assert.ts";
import type { Node, Value } from "./graph.ts";
import { add } from "./ops/elementwise.ts";

/** Nodes whose output depends on one of `sources`. */
const dependents = (loss: Value, sources: ReadonlySet<Value>): Set<Node> => {
  const found = new Set<Node>();
  for (const node of loss.graph.nodes) {
    const reached = Object.values(node.inputs).some(
      (input) => input && (sources.has(input) || (input.source.kind === "output" && found.has(input.source.node))),
    );
    if (reached) found.add(node);
  }
  return found;
};

/**
 * Reverse-mode differentiation (Griewank & Walther 2008): extends the graph by ∂loss/∂source for each source, whatever ops lie between.
 * `loss` is a scalar. A source that the loss does not depend on has gradient null.
 */
export const gradients = (loss: Value, sources: readonly Value[]): (Value | null)[] => {
  assert(loss.shape.length === 0 && loss.dtype === "float", "a gradient is taken of a scalar");
  const { graph } = loss;
  const wanted = new Set(sources);
  const onPath = dependents(loss, wanted);
  const gradientOf = new Map<Value, Value>([[loss, graph.constant([1], [])]]);
  const collect = (value: Value, g: Value): void => {
    const known = gradientOf.get(value);
    gradientOf.set(value, known ? add({ a: known, b: g }, {}).out : g);
  };
  for (const node of graph.nodes.filter((candidate) => onPath.has(candidate)).reverse()) {
    const g = gradientOf.get(node.outputs.out!);
    if (!g) continue;
    const parts = node.op.vjp(g, { ...node.inputs, ...node.outputs }, node.attributes);
    for (const [port, input] of Object.entries(node.inputs)) {
      const part = parts[port];
      if (!input || !part) continue;
      const needed = wanted.has(input) || (input.source.kind === "output" && onPath.has(input.source.node));
      if (needed) collect(input, part);
    }
  }
  return sources.map((source) => gradientOf.get(source) ?? null);
};
