import type {
  NetworkDescription,
  NetworkEpilogue,
  NetworkHead,
  NetworkNode,
  NetworkTensor,
} from "../../../domain/models/network.ts";
import type { TensorWithData } from "./context.ts";
import type { Lowered } from "./lower-graph.ts";

const epilogues: ReadonlySet<string> = new Set<NetworkEpilogue>(["relu", "leakyRelu", "sigmoid", "tanh"]);

export const operandsOf = (node: NetworkNode): readonly number[] => {
  if (node.op === "binary" || node.op === "matmul") return [node.a, node.b];
  if (node.op === "concat") return node.values;
  return node.op === "tensor" ? [] : [node.x];
};

const withOperands = (node: NetworkNode, rename: (value: number) => number): NetworkNode => {
  if (node.op === "binary" || node.op === "matmul") return { ...node, a: rename(node.a), b: rename(node.b) };
  if (node.op === "concat") return { ...node, values: node.values.map(rename) };
  return node.op === "tensor" ? node : { ...node, x: rename(node.x) };
};

/** Names of the tensors that a node owns. */
export const tensorsOf = (node: NetworkNode): readonly string[] => {
  switch (node.op) {
    case "conv":
    case "transposedConv":
    case "linear":
      return node.bias === null ? [node.weight] : [node.weight, node.bias];
    case "batchNorm":
      return [node.scale, node.offset, node.mean, node.variance];
    case "layerNorm":
      return [node.scale, node.offset].filter((name) => name !== null);
    case "interpolate":
      return [node.matrix];
    case "tensor":
      return [node.tensor];
    default:
      return [];
  }
};

/** An activation right behind a product or a normalisation that nothing else reads goes into its epilogue. */
const fuse = (
  nodes: readonly (NetworkNode | null)[],
  inputCount: number,
  outputs: ReadonlySet<number>,
): Map<number, number> => {
  const list = nodes as (NetworkNode | null)[];
  const readers = new Map<number, number>();
  for (const node of list)
    for (const value of node === null ? [] : operandsOf(node)) readers.set(value, (readers.get(value) ?? 0) + 1);
  const moved = new Map<number, number>();
  for (const [index, node] of list.entries()) {
    if (node?.op !== "activation" || !epilogues.has(node.kind)) continue;
    const producer = list[node.x - inputCount];
    const takes = producer?.op === "conv" || producer?.op === "linear" || producer?.op === "batchNorm";
    if (!takes || producer.epilogue !== undefined || readers.get(node.x) !== 1 || outputs.has(node.x)) continue;
    list[node.x - inputCount] = {
      ...producer,
      epilogue: node.kind as NetworkEpilogue,
      ...(node.slope === undefined ? {} : { slope: node.slope }),
    };
    list[index] = null;
    moved.set(index + inputCount, node.x);
  }
  return moved;
};

/** Nodes that the outputs need, numbered anew. */
const compact = (
  nodes: readonly (NetworkNode | null)[],
  inputCount: number,
  wanted: readonly number[],
  moved: ReadonlyMap<number, number>,
) => {
  const final = (value: number): number => moved.get(value) ?? value;
  const needed = new Set(wanted.map(final));
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index];
    if (node && needed.has(index + inputCount)) for (const value of operandsOf(node)) needed.add(final(value));
  }
  const numbers = new Map<number, number>(Array.from({ length: inputCount }, (_, value) => [value, value]));
  const kept: NetworkNode[] = [];
  for (const [index, node] of nodes.entries()) {
    if (!node || !needed.has(index + inputCount)) continue;
    numbers.set(index + inputCount, inputCount + kept.length);
    kept.push(withOperands(node, (value) => numbers.get(final(value))!));
  }
  return { nodes: kept, newNumber: (value: number): number => numbers.get(final(value))! };
};

/** What may stand between a network's last layer and its output: it leaves the columns that the layer made. */
const passes: ReadonlySet<NetworkNode["op"]> = new Set([
  "activation",
  "clip",
  "maxPool",
  "averagePool",
  "reduce",
  "dropout",
  "affine",
]);

/** The layer that makes an output's columns. */
const findHead = (
  nodes: readonly NetworkNode[],
  inputCount: number,
  output: number,
  units: number,
): NetworkHead | null => {
  for (let value = output; value >= inputCount; ) {
    const index = value - inputCount;
    const node = nodes[index]!;
    if (node.op === "conv" || node.op === "linear") {
      const own = node.op === "conv" ? node.filters : node.units;
      const grouped = node.op === "conv" && node.groups > 1;
      return own === units && !grouped ? { node: index, weight: node.weight, bias: node.bias, units } : null;
    }
    if (!passes.has(node.op)) return null;
    value = operandsOf(node)[0]!;
  }
  return null;
};

export interface FinishedNetwork {
  readonly network: NetworkDescription;
  readonly data: ReadonlyMap<string, Float32Array>;
}

const plainTensor = ({ data: _data, ...tensor }: TensorWithData): NetworkTensor => tensor;

/** Fuses, drops what nothing reads, finds the head, and takes a final softmax off: training adds its own. */
export const finishNetwork = ({ lowering, inputs, outputs }: Lowered): FinishedNetwork => {
  const { inputCount } = lowering;
  const nodes: (NetworkNode | null)[] = [...lowering.nodes];
  const ends = outputs.map((output) => {
    const last = nodes[output.value - inputCount];
    const columns = output.shape.reduce((product, size) => product * size, 1);
    const softmax = last?.op === "softmax" && !last.logarithm && last.columns === columns && outputs.length === 1;
    return { ...output, softmax, value: softmax ? last.x : output.value };
  });
  const moved = fuse(nodes, inputCount, new Set(ends.map(({ value }) => value)));
  const { nodes: kept, newNumber } = compact(
    nodes,
    inputCount,
    ends.map(({ value }) => value),
    moved,
  );
  const owned = [...new Set(kept.flatMap(tensorsOf))];
  const tensors = owned.map((name) => lowering.tensors.get(name)!);
  const [first] = ends;
  const units = first!.shape.reduce((product, size) => product * size, 1);
  return {
    network: {
      version: 1,
      inputs,
      nodes: kept,
      outputs: ends.map((output) => ({ ...output, value: newNumber(output.value) })),
      tensors: tensors.map(plainTensor),
      head: findHead(kept, inputCount, newNumber(first!.value), units),
    },
    data: new Map(tensors.map(({ name, data }) => [name, data])),
  };
};
