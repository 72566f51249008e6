import type { AttributeValue, OnnxGraph, OnnxNode } from "../onnx/graph.ts";
import type { ConstantTensor } from "../onnx/wire/tensor-values.ts";

/** The tensors of a file by name; what a family asks of them is noted, so that missing and misshapen ones can be told. */
export interface NamedTensors {
  /** The tensor of this name and shape; −1 is any size. */
  take(name: string, shape: readonly number[]): ConstantTensor;
  has(name: string): boolean;
  /** A size of a tensor that is there; 1 where it is not. */
  sizeOf(name: string, axis: number): number;
}

/** Writes a network's graph, taking its weights by torchvision's names. */
export type Family = (tensors: NamedTensors) => OnnxGraph;

type Attributes = Readonly<Record<string, number | readonly number[]>>;

/** Writes the nodes of a network that has only weights for a file. Each method gives the name of its value. */
export interface GraphWriter {
  node(op: string, inputs: readonly string[], attributes?: Attributes): string;
  conv(x: string, name: string, options: ConvOptions): string;
  batchNorm(x: string, name: string, channels: number, epsilon?: number): string;
  relu(x: string): string;
  relu6(x: string): string;
  maxPool(x: string, size: number, stride: number, padding?: number, ceil?: boolean): string;
  linear(x: string, name: string, inputs: number): string;
  finish(output: string, classes: number, name: string): OnnxGraph;
  readonly input: string;
}

export interface ConvOptions {
  readonly from: number;
  /** −1: as many as the file has. */
  readonly to: number;
  readonly kernel: number;
  readonly stride?: number;
  /** top, left, bottom, right; one number for all. */
  readonly padding?: number | readonly number[];
  readonly groups?: number;
  readonly bias?: boolean;
}

const attributeOf = (value: number | readonly number[]): AttributeValue => {
  if (typeof value !== "number") return { type: "ints", value };
  return Number.isInteger(value) ? { type: "int", value } : { type: "float", value };
};

export const createGraphWriter = (tensors: NamedTensors, size: number): GraphWriter => {
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, ConstantTensor>();
  const weight = (name: string, shape: readonly number[]): string => {
    initializers.set(name, tensors.take(name, shape));
    return name;
  };
  const number = (name: string, value: number): string => {
    initializers.set(name, { dims: [], kind: "float", data: Float32Array.of(value) });
    return name;
  };
  const node: GraphWriter["node"] = (op, inputs, attributes = {}) => {
    const output = `value${nodes.length}`;
    nodes.push({
      name: output,
      op,
      domain: "",
      inputs,
      outputs: [output],
      attributes: new Map(Object.entries(attributes).map(([name, value]) => [name, attributeOf(value)])),
    });
    return output;
  };
  return {
    input: "input",
    node,
    conv: (x, name, { from, to, kernel, stride = 1, padding = 0, groups = 1, bias = false }) => {
      const inputs = [x, weight(`${name}.weight`, [to, from / groups, kernel, kernel])];
      if (bias) inputs.push(weight(`${name}.bias`, [to]));
      const pads = typeof padding === "number" ? [padding, padding, padding, padding] : padding;
      return node("Conv", inputs, { strides: [stride, stride], pads, group: groups });
    },
    batchNorm: (x, name, channels, epsilon = 1e-5) =>
      node(
        "BatchNormalization",
        [x, ...["weight", "bias", "running_mean", "running_var"].map((part) => weight(`${name}.${part}`, [channels]))],
        { epsilon, momentum: 0.9 },
      ),
    relu: (x) => node("Relu", [x]),
    relu6: (x) => node("Clip", [x, number("zero", 0), number("six", 6)]),
    maxPool: (x, kernel, stride, padding = 0, ceil = false) =>
      node("MaxPool", [x], {
        kernel_shape: [kernel, kernel],
        strides: [stride, stride],
        pads: [padding, padding, padding, padding],
        ceil_mode: ceil ? 1 : 0,
      }),
    linear: (x, name, inputs) =>
      node("Gemm", [x, weight(`${name}.weight`, [-1, inputs]), weight(`${name}.bias`, [-1])], { transB: 1 }),
    finish: (output, classes, name) => ({
      opset: 17,
      producer: name,
      nodes,
      initializers,
      inputs: [{ name: "input", elementType: 1, dims: ["batch", 3, size, size] }],
      outputs: [{ name: output, elementType: 1, dims: ["batch", classes] }],
      metadata: new Map(),
    }),
  };
};
