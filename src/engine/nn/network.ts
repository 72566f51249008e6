import type { NetworkDescription, NetworkNode, NetworkTensor } from "../../domain/models/network.ts";
import type { Value } from "../graph/graph.ts";
import { softmax } from "../graph/ops/activation.ts";
import { reshaped } from "../graph/ops/reshape.ts";
import { sizeOf } from "../tensor/shape.ts";
import { ModelShapeError } from "./errors.ts";
import { constantInitial, initialOf } from "./initializers.ts";
import { shapeWithHead } from "./network-head.ts";
import { type Building, layerNode } from "./network-layers.ts";
import { plainNode } from "./network-nodes.ts";
import { type Scope, type Trace, tensor } from "./scope.ts";

const declareTensor = (scope: Scope, own: NetworkTensor, shape: readonly number[]): Value => {
  const units = shape.at(-1) ?? 1;
  const fanIn = Math.max(1, sizeOf(shape) / units);
  return tensor(scope, {
    name: own.name,
    layer: own.layer,
    kind: own.kind === "statistic" ? "statistic" : "parameter",
    fixed: own.kind === "constant",
    shape,
    // Only a new head begins anew: all else comes from the file.
    initial: own.kind === "weight" ? initialOf("xavier", fanIn, units) : constantInitial(0),
    penalised: own.kind === "weight",
  });
};

/** All values of a network on its inputs, in the engine's layout, and those that leave it. */
const build = (
  network: NetworkDescription,
  scope: Scope,
  inputs: readonly Value[],
  rows: number,
  outputs: number | null,
): readonly Value[] => {
  const { head } = network;
  if (outputs !== null && head === null && outputs !== sizeOf(network.outputs[0]!.shape)) {
    throw new ModelShapeError("/base/newHead", "this network has no layer that can be replaced as its head");
  }
  const units = outputs ?? head?.units ?? 0;
  const tensors = new Map(
    network.tensors.map((own) => [own.name, declareTensor(scope, own, shapeWithHead(network, own, units))]),
  );
  const values: Value[] = [...inputs];
  const building: Building = {
    scope,
    rows,
    value: (id) => values[id]!,
    tensor: (name) => tensors.get(name)!,
    layerOf: (name) => network.tensors.find((own) => own.name === name)!.layer,
    unitsOf: (index, own) => (head !== null && index === head.node ? units : own),
  };
  for (const [index, node] of network.nodes.entries()) values.push(nodeValue(building, node, index));
  return values;
};

const nodeValue = (building: Building, node: NetworkNode, index: number): Value => {
  switch (node.op) {
    case "conv":
    case "transposedConv":
    case "linear":
    case "batchNorm":
    case "layerNorm":
    case "dropout":
      return layerNode(building, node, index);
    default:
      return plainNode(building, node);
  }
};

/** The network as a model on rows of its one input, in the engine's layout: its first output's columns, before a softmax. */
export const networkTrace =
  (network: NetworkDescription): Trace =>
  (scope, x, outputs) => {
    const [only] = network.inputs;
    const rows = x.shape[0]!;
    if (network.inputs.length !== 1 || only === undefined) {
      throw new ModelShapeError("/base/model", `the network has ${network.inputs.length} inputs; training needs one`);
    }
    if (sizeOf(only.shape) !== x.shape[1]) {
      throw new ModelShapeError(
        "/task/features",
        `the network's input ${only.name} has ${sizeOf(only.shape)} numbers, the data ${x.shape[1]} inputs`,
      );
    }
    const values = build(network, scope, [x], rows, outputs);
    const out = values[network.outputs[0]!.value]!;
    if (sizeOf(out.shape) !== rows * outputs) {
      throw new ModelShapeError(
        "/base/newHead",
        `the network has ${sizeOf(out.shape) / rows} outputs, the task ${outputs}; ask for a new head`,
      );
    }
    return reshaped(out, [rows, outputs]);
  };

/** The first output's numbers [rows, …] of a part of a network, whatever its file says of them. */
export const networkValue = (network: NetworkDescription, scope: Scope, x: Value, rows: number): Value => {
  const value = build(network, scope, [x], rows, null)[network.outputs[0]!.value]!;
  return reshaped(value, [rows, sizeOf(value.shape) / rows]);
};

/** The network as its file has it: all inputs [rows, …] to all outputs [rows, …], a final softmax included. */
export const networkOutputs = (
  network: NetworkDescription,
  scope: Scope,
  inputs: readonly Value[],
  rows: number,
): readonly Value[] => {
  const values = build(network, scope, inputs, rows, null);
  return network.outputs.map(({ value, shape, softmax: ends }) => {
    const out = reshaped(values[value]!, [rows, sizeOf(shape)]);
    return ends ? softmax({ x: out }, {}).out : out;
  });
};
