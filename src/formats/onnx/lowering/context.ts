import type { NetworkNode, NetworkTensor, Padding } from "../../../domain/models/network.ts";
import { productOf } from "../folding/axes.ts";
import { toDim } from "../folding/batch-size.ts";
import type { OnnxNode } from "../graph.ts";
import { nodeProblem } from "../onnx-error.ts";
import type { ConstantTensor } from "../wire/tensor-values.ts";
import { createAtoms, joined, type Layout, type NewAtom, sizeOfAtoms } from "./layout.ts";
import { layerOfName, tensorName } from "./tensor-names.ts";

/** A value that the network computes. */
export interface Laid {
  readonly kind: "laid";
  readonly value: number;
  readonly layout: Layout;
}

/** A value that is known when the file is read; `source`: the initialiser it is, if it is one. */
export interface Known {
  readonly kind: "known";
  readonly tensor: ConstantTensor;
  readonly source: string | null;
}

/** Zeros around the two last of four axes, for the convolution that follows to take over. */
export interface Padded {
  readonly kind: "padded";
  readonly x: Laid;
  readonly padding: Padding;
}

export type Entry = Laid | Known | Padded;

export interface TensorWithData extends NetworkTensor {
  readonly data: Float32Array;
}

/** What lowering has come to so far. */
export interface Lowering {
  readonly opset: number;
  readonly entries: Map<string, Entry>;
  readonly nodes: NetworkNode[];
  readonly inputCount: number;
  readonly tensors: Map<string, TensorWithData>;
  readonly newAtom: NewAtom;
  /** How often a value of the graph is read. */
  readonly uses: ReadonlyMap<string, number>;
  /** The batch that the file fixed, if it did: shapes that name it mean the batch. */
  readonly fixedBatch: number | null;
  /** Values that depend on something learnt. */
  readonly learnt: Set<number>;
  /** How often an initialiser became a tensor: more than once, and it was tied. */
  readonly taken: Map<string, number>;
  /** Whether weights stand in Constant nodes, as there are no initialisers. */
  readonly constantsAreWeights: boolean;
  readonly warnings: string[];
}

export const createLowering = (
  given: Omit<Lowering, "nodes" | "tensors" | "newAtom" | "learnt" | "taken" | "warnings">,
): Lowering => ({
  ...given,
  nodes: [],
  tensors: new Map(),
  newAtom: createAtoms(),
  learnt: new Set(),
  taken: new Map(),
  warnings: [],
});

const operandsOf = (node: NetworkNode): readonly number[] => {
  if (node.op === "binary" || node.op === "matmul") return [node.a, node.b];
  if (node.op === "concat") return node.values;
  return node.op === "tensor" ? [] : [node.x];
};

const ownsTensors = (l: Lowering, node: NetworkNode): boolean => {
  if (node.op === "tensor") return l.tensors.get(node.tensor)?.kind !== "constant";
  if (node.op === "conv" || node.op === "transposedConv") return true;
  return node.op === "linear" || node.op === "batchNorm" || node.op === "layerNorm";
};

/** Adds a node; the number of its value. */
export const emit = (l: Lowering, node: NetworkNode): number => {
  l.nodes.push(node);
  const value = l.inputCount + l.nodes.length - 1;
  if (ownsTensors(l, node) || operandsOf(node).some((operand) => l.learnt.has(operand))) l.learnt.add(value);
  return value;
};

export const laid = (value: number, layout: Layout): Laid => ({ kind: "laid", value, layout });

/** Adds a tensor of the network under a name of its own. */
export const addTensor = (
  l: Lowering,
  node: OnnxNode,
  part: string,
  known: Known,
  tensor: { shape: readonly number[]; data: Float32Array; kind: NetworkTensor["kind"] },
): string => {
  const needed = productOf(tensor.shape);
  if (tensor.data.length !== needed)
    throw nodeProblem(node, `its ${part} has ${tensor.data.length} elements where ${needed} are needed`);
  const wanted = tensorName(known.source, node, part);
  let name = wanted;
  for (let copy = 2; l.tensors.has(name); copy++) name = `${wanted}.${copy}`;
  if (known.source !== null) l.taken.set(known.source, (l.taken.get(known.source) ?? 0) + 1);
  l.tensors.set(name, { name, layer: layerOfName(name), ...tensor });
  return name;
};

/** Moves memory into another order of atoms, block by block. */
export const arranged = (l: Lowering, x: Laid, order: readonly number[]): Laid => {
  let [value, current] = [x.value, [...x.layout.order]];
  const size = (atoms: readonly number[]): number => sizeOfAtoms(x.layout, atoms);
  for (let i = 0; i < order.length; i++) {
    if (current[i] === order[i]) continue;
    const j = current.indexOf(order[i]!);
    let run = 1;
    while (i + run < order.length && j + run < current.length && order[i + run] === current[j + run]) run += 1;
    const [first, second, rest] = [current.slice(i, j), current.slice(j, j + run), current.slice(j + run)];
    value = emit(l, { op: "swap", x: value, first: size(first), second: size(second), inner: size(rest) });
    current = [...current.slice(0, i), ...second, ...first, ...rest];
  }
  return laid(value, { ...x.layout, order: [...order] });
};

/** Memory in the order of these axes. */
export const byAxes = (l: Lowering, x: Laid, axes: readonly number[]): Laid => {
  const moved = arranged(
    l,
    x,
    axes.flatMap((axis) => x.layout.axes[axis]!),
  );
  return laid(moved.value, joined(moved.layout, l.newAtom));
};

export const rowMajor = (l: Lowering, x: Laid): Laid =>
  byAxes(
    l,
    x,
    x.layout.axes.map((_, axis) => axis),
  );

export const inputName = (node: OnnxNode, index: number): string => node.inputs[index] ?? "";
export const hasInput = (node: OnnxNode, index: number): boolean => inputName(node, index) !== "";

export const entryOf = (l: Lowering, node: OnnxNode, index: number): Entry => {
  const name = inputName(node, index);
  const entry = l.entries.get(name);
  if (entry === undefined)
    throw nodeProblem(node, `its input ${JSON.stringify(name)} is computed by no node before it`);
  return entry;
};

/** A known input; null where the node has none. */
export const knownInput = (l: Lowering, node: OnnxNode, index: number, what: string): Known | null => {
  if (!hasInput(node, index)) return null;
  const entry = entryOf(l, node, index);
  if (entry.kind === "known") return entry;
  throw nodeProblem(
    node,
    `its ${what} depends on the network's input, where only constants work; export it with a fixed shape`,
  );
};

export const requireKnown = (l: Lowering, node: OnnxNode, index: number, what: string): Known => {
  const known = knownInput(l, node, index, what);
  if (known === null) throw nodeProblem(node, `it has no ${what}`);
  return known;
};

/** Sizes that a node is told: each a size, a multiple of the batch, or null for −1, "what is left". */
export const sizesOf = (node: OnnxNode, numbers: Iterable<number>): (number | null)[] =>
  Array.from(numbers, (size) => {
    if (size === -1) return null;
    const dim = toDim(size);
    if (dim === null)
      throw nodeProblem(node, `its shape depends on the batch in a way that cannot be followed (${size})`);
    return dim;
  });

export const setOutput = (l: Lowering, node: OnnxNode, entry: Entry, index = 0): void => {
  const name = node.outputs[index];
  if (name !== undefined && name !== "") l.entries.set(name, entry);
};
