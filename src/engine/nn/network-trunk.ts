import type { NetworkDescription, NetworkNode } from "../../domain/models/network.ts";
import { sizeOf } from "../tensor/shape.ts";

/** A network in two parts: what never changes in training, and what is learnt on its values. */
export interface NetworkParts {
  /** From the network's input to the value at the cut, its only output. */
  readonly trunk: NetworkDescription;
  /** From that value on; it owns all tensors of the network, in their order. */
  readonly top: NetworkDescription;
}

const operandsOf = (node: NetworkNode): readonly number[] => {
  if (node.op === "binary" || node.op === "matmul") return [node.a, node.b];
  if (node.op === "concat") return node.values;
  return node.op === "tensor" ? [] : [node.x];
};

const tensorsOf = (node: NetworkNode): readonly (string | null)[] => {
  switch (node.op) {
    case "conv":
    case "transposedConv":
    case "linear":
      return [node.weight, node.bias];
    case "batchNorm":
      return [node.scale, node.offset];
    case "layerNorm":
      return [node.scale, node.offset];
    case "interpolate":
      return [node.matrix];
    case "tensor":
      return [node.tensor];
    default:
      return [];
  }
};

const moved = (node: NetworkNode, to: (value: number) => number): NetworkNode => {
  if (node.op === "binary" || node.op === "matmul") return { ...node, a: to(node.a), b: to(node.b) };
  if (node.op === "concat") return { ...node, values: node.values.map(to) };
  return node.op === "tensor" ? node : { ...node, x: to(node.x) };
};

interface ValueFacts {
  /** It is the same in every step for the same row. */
  readonly settled: boolean;
  readonly fromInput: boolean;
  /** Its elements lie row by row of the batch. */
  readonly byRow: boolean;
}

/** @param keeps whether a tensor, or the layer of a batch norm, never learns */
const factsOf = (network: NetworkDescription, keeps: (name: string) => boolean, fixedStatistics: boolean) => {
  const layerOf = new Map(network.tensors.map(({ name, layer }) => [name, layer]));
  const constants = new Set(network.tensors.filter(({ kind }) => kind === "constant").map(({ name }) => name));
  const facts: ValueFacts[] = network.inputs.map(() => ({ settled: true, fromInput: true, byRow: true }));
  for (const node of network.nodes) {
    const operands = operandsOf(node).map((value) => facts[value]!);
    const ofInput = operands.filter(({ fromInput }) => fromInput);
    const own = tensorsOf(node).every((name) => name === null || constants.has(name) || keeps(name));
    const still =
      node.op === "batchNorm"
        ? fixedStatistics || keeps(layerOf.get(node.scale)!)
        : node.op !== "dropout" || node.rate === 0;
    const movesBatch = node.op === "swap" && (node.first < 0 || node.second < 0);
    const aligned = node.op === "binary" && node.repeats.how === "same";
    facts.push({
      settled: own && still && operands.every(({ settled }) => settled),
      fromInput: ofInput.length > 0,
      byRow: !movesBatch && (aligned ? ofInput.some(({ byRow }) => byRow) : ofInput.every(({ byRow }) => byRow)),
    });
  }
  return facts;
};

/** The nodes that `wanted` needs, in their order, without going beyond `cut`; null if it needs the input in another way. */
const nodesAfter = (network: NetworkDescription, wanted: number, cut: number): Set<number> | null => {
  const inputs = network.inputs.length;
  const needed = new Set<number>();
  const visit = [wanted];
  for (let value = visit.pop(); value !== undefined; value = visit.pop()) {
    if (value === cut || needed.has(value)) continue;
    if (value < inputs) return null;
    needed.add(value);
    visit.push(...operandsOf(network.nodes[value - inputs]!));
  }
  return needed;
};

const trunkOf = (network: NetworkDescription, cut: number): NetworkDescription => ({
  ...network,
  nodes: network.nodes.slice(0, cut - network.inputs.length + 1),
  outputs: [{ name: "features", shape: [], order: [], value: cut, softmax: false }],
  head: null,
});

const topOf = (network: NetworkDescription, cut: number, needed: ReadonlySet<number>, width: number) => {
  const inputs = network.inputs.length;
  const numbers = new Map<number, number>([[cut, 0]]);
  const nodes: NetworkNode[] = [];
  const { head } = network;
  let headNode: number | null = null;
  for (const value of [...needed].sort((a, b) => a - b)) {
    numbers.set(value, 1 + nodes.length);
    if (head !== null && value - inputs === head.node) headNode = nodes.length;
    nodes.push(moved(network.nodes[value - inputs]!, (old) => numbers.get(old)!));
  }
  const [first] = network.outputs;
  return {
    ...network,
    inputs: [{ name: "features", shape: [width], order: [0] }],
    nodes,
    outputs: [{ ...first!, value: numbers.get(first!.value)! }],
    head: head !== null && headNode !== null ? { ...head, node: headNode } : null,
  };
};

/**
 * Parts a network behind the last value that never changes in training and that all which is learnt depends on alone; null if there is none behind a layer.
 * @param widthOf how many numbers of a row a value has
 */
export const splitNetwork = (
  network: NetworkDescription,
  { keeps, fixedStatistics }: { keeps: (name: string) => boolean; fixedStatistics: boolean },
  widthOf: (trunk: NetworkDescription) => number,
): (NetworkParts & { readonly width: number }) | null => {
  if (network.inputs.length !== 1) return null;
  const facts = factsOf(network, keeps, fixedStatistics);
  const { value: wanted } = network.outputs[0]!;
  for (let cut = facts.length - 1; cut >= 1; cut--) {
    const { settled, fromInput, byRow } = facts[cut]!;
    if (!settled || !fromInput || !byRow || cut === wanted) continue;
    const needed = nodesAfter(network, wanted, cut);
    if (needed === null) continue;
    const trunk = trunkOf(network, cut);
    if (!trunk.nodes.some(({ op }) => op === "conv" || op === "linear" || op === "matmul")) return null;
    const width = widthOf(trunk);
    return { trunk, top: topOf(network, cut, needed, width), width };
  }
  return null;
};

/** Numbers of a row that go into a network. */
export const widthOfInput = ({ inputs }: NetworkDescription): number => sizeOf(inputs[0]!.shape);
