import { encodeMessage } from "../../../src/formats/onnx/wire/message-codec.ts";
import { elementTypes, ModelTable } from "../../../src/formats/onnx/wire/schema.ts";

/** A tensor of a model under construction. */
export const tensorOf = (name: string, dims: readonly number[], values: readonly number[]) => ({
  name,
  dims: [...dims],
  dataType: elementTypes.float,
  rawData: new Uint8Array(Float32Array.from(values).buffer),
});

export const integersOf = (name: string, values: readonly number[]) => ({
  name,
  dims: [values.length],
  dataType: elementTypes.int64,
  int64Data: [...values],
});

export type AttributeInput = number | string | readonly number[];

const attributeOf = (name: string, value: AttributeInput) => {
  if (typeof value === "string") return { name, type: 3, string: new TextEncoder().encode(value) };
  if (typeof value !== "number") return { name, type: 7, ints: [...value] };
  return Number.isInteger(value) ? { name, type: 2, int: value } : { name, type: 1, float: value };
};

export const nodeOf = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, AttributeInput>> = {},
) => ({
  op,
  name: output,
  inputs: [...inputs],
  outputs: [output],
  attributes: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
});

export const portOf = (name: string, dims: readonly (number | string)[]) => ({
  name,
  type: {
    tensor: {
      elementType: elementTypes.float,
      shape: { dims: dims.map((size) => (typeof size === "number" ? { value: size } : { parameter: size })) },
    },
  },
});

export interface ModelInput {
  nodes: ReturnType<typeof nodeOf>[];
  initializers?: (ReturnType<typeof tensorOf> | ReturnType<typeof integersOf>)[];
  inputs: ReturnType<typeof portOf>[];
  outputs: ReturnType<typeof portOf>[];
  opset?: number;
  metadata?: Readonly<Record<string, string>>;
}

/** An ONNX file. */
export const modelOf = ({ opset = 17, metadata = {}, ...graph }: ModelInput): Uint8Array<ArrayBuffer> => {
  const told = Object.entries(metadata).map(([key, value]) => ({ key, value }));
  const model = { irVersion: 8, graph, operatorSets: [{ version: opset }], metadata: told };
  return new Uint8Array(encodeMessage(model, ModelTable));
};

/** The mean of each channel of a picture of 2 × 2, as the network gets it. */
export const channelMeans = (metadata: Readonly<Record<string, string>> = {}): Uint8Array<ArrayBuffer> =>
  modelOf({
    nodes: [
      nodeOf("GlobalAveragePool", ["x"], "pooled"),
      nodeOf("Flatten", ["pooled"], "flat"),
      nodeOf("Gemm", ["flat", "w", "b"], "y", { transB: 1 }),
    ],
    initializers: [tensorOf("w", [3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]), tensorOf("b", [3], [0, 0, 0])],
    inputs: [portOf("x", ["batch", 3, 2, 2])],
    outputs: [portOf("y", ["batch", 3])],
    metadata,
  });

/** y = x · W + b of two columns. */
export const tinyNetwork = (): Uint8Array<ArrayBuffer> =>
  modelOf({
    nodes: [nodeOf("Gemm", ["x", "w", "b"], "y", { transB: 1 })],
    initializers: [tensorOf("w", [2, 2], [1, 2, 3, 4]), tensorOf("b", [2], [0.5, -0.5])],
    inputs: [portOf("x", ["batch", 2])],
    outputs: [portOf("y", ["batch", 2])],
  });
