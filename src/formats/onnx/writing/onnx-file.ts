import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { ServiceError } from "../../../domain/errors.ts";
import { encodeMessage, type Fields } from "../wire/message-codec.ts";
import { elementTypes, Graph, ModelTable, Tensor } from "../wire/schema.ts";

export type ConstantData = Float32Array | Float64Array | BigInt64Array | Uint8Array | readonly string[];

/** A tensor that the file holds. */
export interface WrittenTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: ConstantData;
}

/** A file in parts: its tensors' numbers are views of where they lie, not copies. */
export interface OnnxFile {
  readonly bytes: number;
  readonly chunks: readonly Uint8Array<ArrayBuffer>[];
}

/** A protocol buffer is no larger. */
const mostBytes = 2 ** 31 - 1;

const isTexts = (data: ConstantData): data is readonly string[] => Array.isArray(data);

const elementTypeOf = (data: ConstantData): number => {
  if (data instanceof Float32Array) return elementTypes.float;
  if (data instanceof Float64Array) return elementTypes.double;
  if (data instanceof BigInt64Array) return elementTypes.int64;
  return data instanceof Uint8Array ? elementTypes.uint8 : elementTypes.string;
};

const keyAndLength = (number: number, length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(length).finish());

const total = (chunks: readonly Uint8Array[]): number => chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** A tensor's message; its numbers stand in a part of their own. Every machine that runs this is little-endian, as the format is. */
const tensorChunks = ({ name, dims, data }: WrittenTensor): Uint8Array<ArrayBuffer>[] => {
  const head: Fields = { dims: [...dims], dataType: elementTypeOf(data), name };
  if (isTexts(data)) {
    const stringData = data.map((text) => new TextEncoder().encode(text));
    return [new Uint8Array(encodeMessage({ ...head, stringData }, Tensor))];
  }
  const raw = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return [new Uint8Array(encodeMessage(head, Tensor)), keyAndLength(Tensor.rawData!.number, raw.byteLength), raw];
};

/** The file of a model: its messages, then the graph's tensors one after another. `over_limit` beyond 2 GiB, which the format's parsers do not read. */
export const onnxFile = (model: Fields, graph: Fields, tensors: readonly WrittenTensor[]): OnnxFile => {
  const parts = tensors.flatMap((tensor) => {
    const chunks = tensorChunks(tensor);
    return [keyAndLength(Graph.initializers!.number, total(chunks)), ...chunks];
  });
  const inner = [new Uint8Array(encodeMessage(graph, Graph)), ...parts];
  const head = new Uint8Array(encodeMessage(model, ModelTable));
  const chunks = [head, keyAndLength(ModelTable.graph!.number, total(inner)), ...inner];
  const bytes = total(chunks);
  if (bytes > mostBytes) {
    const detail = `as ONNX this model has ${bytes} bytes, and such files have at most ${mostBytes}; take its weights as safetensors`;
    throw new ServiceError("over_limit", detail);
  }
  return { bytes, chunks };
};
