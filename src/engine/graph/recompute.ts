import { assert } from "./assert.ts";
import type { Graph, Node, OpDefinition, Value } from "./graph.ts";
import { neededNodes, typesOf } from "./record.ts";

/** A graph whose gradients read values that are computed a second time, right before, where the first ones are not kept. */
export interface Recomputed {
  readonly graph: Graph;
  /** Where a result of the graph that it was made from is in this one. */
  valueOf(value: Value): Value;
  /** Where the second computing of some values begins: no sooner than all before it has ended, or they would lie in memory as long as if they had been kept. */
  readonly fences: ReadonlySet<Node>;
  /** Nodes that compute for the second time. */
  readonly again: ReadonlySet<Node>;
}

/** What an op's second computing takes from the first: always kept. */
export const isTakenAgain = (node: Node, port: string): boolean => node.op.again?.inputs.includes(port) ?? false;

const createNode = (
  { graph, of, op }: { graph: Graph; of: Node; op: OpDefinition },
  inputs: Readonly<Record<string, Value | null>>,
): Node => {
  const node: Node = { id: graph.nextId(), op, inputs, outputs: {}, attributes: of.attributes };
  for (const [port, { shape, dtype }] of Object.entries(of.outputs)) {
    if (op !== of.op && port !== "out") continue;
    node.outputs[port] = { graph, id: graph.nextId(), shape, dtype, source: { kind: "output", node, port } };
  }
  return node;
};

/** What the second computing of a node reads, as the first pass has it. */
const inputsAgain = ({ op, inputs, outputs }: Node): Readonly<Record<string, Value | null>> =>
  op.again === null
    ? inputs
    : Object.fromEntries(op.again.inputs.map((name) => [name, inputs[name] ?? outputs[name] ?? null]));

/** The nodes that a differentiated graph's results need, in their order. */
export interface Passes {
  readonly graph: Graph;
  readonly forward: readonly Node[];
  /** The place of each forward node in its order. */
  readonly orderOf: ReadonlyMap<Node, number>;
  readonly backward: readonly Node[];
}

/** @param forward all nodes before the first of a gradient */
export const passesOf = (graph: Graph, forward: ReadonlySet<Node>, results: readonly Value[]): Passes => {
  const needed = neededNodes(graph, results);
  const first = needed.filter((node) => forward.has(node));
  const orderOf = new Map(first.map((node, order) => [node, order]));
  return { graph, forward: first, orderOf, backward: needed.filter((node) => !forward.has(node)) };
};

/** Whether a forward value does not stay from the forward pass until its last gradient. */
type Drops = (value: Value) => boolean;

/** The forward nodes that have to run once more before these values can be read. */
const nodesAgain = (
  wanted: Iterable<Value | null>,
  { orderOf }: Passes,
  drops: Drops,
  isDone: (node: Node) => boolean,
): Node[] => {
  const found = new Set<Node>();
  const visit = [...wanted];
  for (let value = visit.pop(); value !== undefined; value = visit.pop()) {
    if (value === null || value.source.kind === "leaf") continue;
    const { node } = value.source;
    if (!orderOf.has(node) || !drops(value) || found.has(node) || isDone(node)) continue;
    found.add(node);
    visit.push(...Object.values(inputsAgain(node)));
  }
  return [...found].sort((a, b) => orderOf.get(a)! - orderOf.get(b)!);
};

/** Floating-point operations that are done again if these values are dropped. */
export const flopsAgain = (passes: Passes, drops: Drops): number => {
  const read = passes.backward.flatMap((node) => Object.values(node.inputs));
  const costOf = (node: Node): number => (node.op.again ?? node.op).cost(typesOf(node), node.attributes);
  return nodesAgain(read, passes, drops, () => false).reduce((sum, node) => sum + costOf(node), 0);
};

/**
 * Trades computing for memory (Chen et al. 2016, "Training deep nets with sublinear memory cost"): a forward value that is dropped is computed once more when the
 * first gradient asks for it, by the same op on the same values, so to the same bits. What a node does to memory beside its outputs (running averages) is done once.
 */
export const recompute = (passes: Passes, drops: Drops): Recomputed => {
  const { graph, orderOf } = passes;
  const nodes = [...passes.forward];
  const again = new Map<Node, Node>();
  const moved = new Map<Value, Value>();
  const fences = new Set<Node>();
  const read = (value: Value): Value => {
    if (value.source.kind === "leaf") return value;
    const { node, port } = value.source;
    const isForward = orderOf.has(node);
    if (isForward && !drops(value)) return value;
    const found = isForward ? again.get(node)?.outputs[port] : moved.get(value);
    assert(found !== undefined, "a value is computed before it is read");
    return found;
  };
  const readAll = (values: Readonly<Record<string, Value | null>>): Record<string, Value | null> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value && read(value)]));
  for (const node of passes.backward) {
    const before = nodesAgain(Object.values(node.inputs), passes, drops, (one) => again.has(one));
    for (const [i, of] of before.entries()) {
      const made = createNode({ graph, of, op: of.op.again ?? of.op }, readAll(inputsAgain(of)));
      if (i === 0) fences.add(made);
      again.set(of, made);
      nodes.push(made);
    }
    const own = createNode({ graph, of: node, op: node.op }, readAll(node.inputs));
    for (const [port, value] of Object.entries(node.outputs)) moved.set(value, own.outputs[port]!);
    nodes.push(own);
  }
  return {
    graph: { ...graph, nodes },
    valueOf: (value) => moved.get(value) ?? value,
    fences,
    again: new Set(again.values()),
  };
};
