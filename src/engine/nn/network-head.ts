import type { NetworkDescription, NetworkNode, NetworkTensor } from "../../domain/models/network.ts";
import { sizeOf } from "../tensor/shape.ts";

/** A tensor's shape, with `outputs` units where it belongs to the head. */
export const shapeWithHead = ({ head }: NetworkDescription, own: NetworkTensor, outputs: number): readonly number[] => {
  if (head === null || outputs === head.units || (own.name !== head.weight && own.name !== head.bias)) return own.shape;
  return [...own.shape.slice(0, -1), outputs];
};

const nodeWithUnits = (node: NetworkNode, units: number): NetworkNode => {
  if (node.op === "conv") return { ...node, filters: units };
  return node.op === "linear" ? { ...node, units } : node;
};

/** Where the file's output has an axis of the head's units, that axis has `outputs` now. */
const portShape = (shape: readonly number[], units: number, outputs: number): readonly number[] => {
  const axis = shape.lastIndexOf(units);
  const changed = axis < 0 ? [] : shape.map((size, i) => (i === axis ? outputs : size));
  return axis >= 0 && sizeOf(changed) === outputs ? changed : [outputs];
};

/** The description of a network that was trained on: with its first output alone, of `outputs` columns. */
export const withOutputs = (network: NetworkDescription, outputs: number): NetworkDescription => {
  const { head } = network;
  const [first] = network.outputs;
  if (head === null || outputs === head.units || first === undefined)
    return { ...network, outputs: network.outputs.slice(0, 1) };
  const shape = portShape(first.shape, head.units, outputs);
  const order = shape.length === first.order.length ? first.order : shape.map((_, i) => i);
  return {
    ...network,
    nodes: network.nodes.map((node, i) => (i === head.node ? nodeWithUnits(node, outputs) : node)),
    tensors: network.tensors.map((own) => ({ ...own, shape: shapeWithHead(network, own, outputs) })),
    head: { ...head, units: outputs },
    outputs: [{ ...first, shape, order }],
  };
};
