import type { NetworkPort } from "../../../domain/models/network.ts";
import { nearNames } from "../../../domain/near-names.ts";
import { createFolder } from "../folding/fold-node.ts";
import type { OnnxGraph, OnnxNode, OnnxPort } from "../graph.ts";
import { nodeProblem, unsupportedOnnx } from "../onnx-error.ts";
import { isFloatType } from "../wire/tensor-values.ts";
import { createLowering, type Entry, type Lowering, laid, rowMajor, setOutput } from "./context.ts";
import { dimsOf, layoutOf } from "./layout.ts";
import { convolutionLowerers } from "./lower-convolution.ts";
import { elementwiseLowerers, type Lowerer } from "./lower-elementwise.ts";
import { matrixLowerers } from "./lower-matrix.ts";
import { reductionLowerers } from "./lower-reductions.ts";
import { resizeLowerers } from "./lower-resize.ts";
import { shapeLowerers } from "./lower-shapes.ts";
import { transposedConvolution } from "./lower-transposed.ts";
import { solid } from "./operands.ts";

export const lowerers: Readonly<Record<string, Lowerer>> = {
  ...elementwiseLowerers,
  ...convolutionLowerers,
  ConvTranspose: transposedConvolution,
  ...matrixLowerers,
  ...shapeLowerers,
  ...reductionLowerers,
  ...resizeLowerers,
};

const countUses = ({ nodes, outputs }: OnnxGraph): Map<string, number> => {
  const uses = new Map<string, number>();
  for (const name of [...nodes.flatMap(({ inputs }) => inputs), ...outputs.map((port) => port.name)]) {
    uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  return uses;
};

/** Nodes in an order in which each comes after what it reads, as the standard demands of files. */
const requireSorted = (graph: OnnxGraph): void => {
  const known = new Set(["", ...graph.initializers.keys(), ...graph.inputs.map(({ name }) => name)]);
  for (const node of graph.nodes) {
    const unknown = node.inputs.find((name) => !known.has(name));
    if (unknown !== undefined) {
      throw nodeProblem(node, `its input ${JSON.stringify(unknown.slice(0, 200))} is computed by no node before it`);
    }
    for (const output of node.outputs) if (output !== "") known.add(output);
  }
};

/** The sizes of an input without the batch. */
const inputDims = ({ name, dims, elementType }: OnnxPort): number[] => {
  if (!isFloatType(elementType)) {
    throw unsupportedOnnx(
      `the input ${JSON.stringify(name)} does not take floating-point numbers, which is all that networks here are fed`,
    );
  }
  if (dims === null || dims.length === 0)
    throw unsupportedOnnx(`the input ${JSON.stringify(name)} has no stated shape; export it with one`);
  return dims.slice(1).map((size, i) => {
    if (typeof size === "number" && size > 0 && size <= 2 ** 24) return size;
    const which = typeof size === "string" ? `${JSON.stringify(size)}, axis ${i + 1}` : `axis ${i + 1}`;
    const remedy =
      "only the first axis, the batch, may be dynamic: state the sizes that the file leaves open (?sizes=224x224), or export the network for one size";
    throw unsupportedOnnx(`the input ${JSON.stringify(name)} has a dynamic size (${which}); ${remedy}`);
  });
};

/** Images lie with their channels last, everything else as it comes. */
const inputOrder = (dims: readonly number[]): number[] => {
  if (dims.length !== 3 || dims[0]! > dims[2]!) return dims.map((_, axis) => axis);
  return [1, 2, 0];
};

const beginInputs = (l: Lowering, graph: OnnxGraph): NetworkPort[] =>
  graph.inputs.map((port, value) => {
    const shape = inputDims(port);
    const order = inputOrder(shape);
    const layout = layoutOf([-1, ...shape], l.newAtom, [0, ...order.map((axis) => axis + 1)]);
    l.entries.set(port.name, laid(value, layout));
    return { name: port.name, shape, order };
  });

const unknownOperator = (node: OnnxNode): Error => {
  const name = node.domain === "" ? node.op : `${node.domain}.${node.op}`;
  const near = nearNames(node.op, Object.keys(lowerers));
  return nodeProblem(
    node,
    `the operator ${name} is not among those that can be trained${near}; export the network without it`,
  );
};

const lowerNode = (l: Lowering, node: OnnxNode, fold: ReturnType<typeof createFolder>): void => {
  const inputs = node.inputs.map((name): Entry | undefined => (name === "" ? undefined : l.entries.get(name)));
  if (node.domain === "" && inputs.every((entry) => entry === undefined || entry.kind === "known")) {
    const tensors = inputs.map((entry) => (entry?.kind === "known" ? entry.tensor : undefined));
    const folded = fold(node, tensors);
    if (folded !== null) {
      // What only passes a constant on does not change whose it is.
      const first = inputs[0];
      const source = first?.kind === "known" && folded[0]?.data === first.tensor.data ? first.source : null;
      for (const [i, tensor] of folded.entries()) setOutput(l, node, { kind: "known", tensor, source }, i);
      return;
    }
  }
  const lower = Object.hasOwn(lowerers, node.op) && node.domain === "" ? lowerers[node.op] : undefined;
  if (lower === undefined) throw unknownOperator(node);
  lower(l, node);
};

/** Nodes come from anywhere: what a lowerer took for granted of one, and stumbled over, is the file's fault and named with the node. */
const refusing = (node: OnnxNode, lower: () => void): void => {
  try {
    lower();
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw nodeProblem(node, "its inputs, shapes and attributes are not what this operator takes", error);
  }
};

export interface Lowered {
  readonly lowering: Lowering;
  readonly inputs: readonly NetworkPort[];
  readonly outputs: readonly (NetworkPort & { readonly value: number })[];
}

const endOutputs = (l: Lowering, graph: OnnxGraph): Lowered["outputs"] =>
  graph.outputs.map(({ name }) => {
    const entry = l.entries.get(name);
    const problem = (detail: string) => unsupportedOnnx(`the output ${JSON.stringify(name)} ${detail}`);
    if (entry === undefined) throw problem("is computed by no node");
    if (entry.kind === "known") throw problem("is a constant");
    const at: OnnxNode = { name, op: "output", domain: "", inputs: [], outputs: [], attributes: new Map() };
    const x = rowMajor(l, solid(l, at, entry));
    const [batch, ...shape] = dimsOf(x.layout);
    if (batch !== -1 || shape.some((size) => size < 0))
      throw problem(`has the shape [${[batch, ...shape].join(", ")}], whose first axis is not the batch`);
    return { name, shape, order: shape.map((_, axis) => axis), value: x.value };
  });

/** Reads a graph's meaning: constants and shapes folded, everything else as nodes of a network in the engine's layout. */
export const lowerGraph = (graph: OnnxGraph): Lowered => {
  if (graph.inputs.length === 0 || graph.outputs.length === 0)
    throw unsupportedOnnx("the graph has no input or no output");
  requireSorted(graph);
  const [first] = graph.inputs;
  const fixed = first?.dims?.[0];
  const lowering = createLowering({
    opset: graph.opset,
    entries: new Map(
      [...graph.initializers].map(([name, tensor]): [string, Entry] => [name, { kind: "known", tensor, source: name }]),
    ),
    inputCount: graph.inputs.length,
    uses: countUses(graph),
    fixedBatch: typeof fixed === "number" && fixed > 0 ? fixed : null,
    constantsAreWeights: graph.initializers.size === 0,
  });
  const inputs = beginInputs(lowering, graph);
  const fold = createFolder();
  for (const node of graph.nodes) refusing(node, () => lowerNode(lowering, node, fold));
  return { lowering, inputs, outputs: endOutputs(lowering, graph) };
};
