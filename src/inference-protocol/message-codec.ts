import * as wire from "../grpc/generated/inference/open_inference.ts";
import type { InferRequest } from "./infer.ts";
import {
  type Datatype,
  fromBinary,
  refused,
  requireCount,
  requireHead,
  requireRange,
  type Tensor,
  textOf,
  toBinary,
} from "./tensor.ts";

const contentsOf = (name: string, type: Datatype, contents: wire.InferTensorContents): ArrayLike<number> | string[] => {
  switch (type) {
    case "BOOL":
      return contents.boolContents.map(Number);
    case "INT8":
    case "INT16":
    case "INT32":
      for (const value of contents.intContents) requireRange(name, type, value);
      return contents.intContents;
    case "INT64":
      return contents.int64Contents;
    case "UINT8":
    case "UINT16":
    case "UINT32":
      for (const value of contents.uintContents) requireRange(name, type, value);
      return contents.uintContents;
    case "UINT64":
      return contents.uint64Contents;
    case "FP32":
      return contents.fp32Contents;
    case "FP64":
      return contents.fp64Contents;
    case "BYTES":
      return contents.bytesContents.map((bytes) => textOf(name, bytes));
    default:
      throw refused(`the input ${name} must come in raw_input_contents, as its datatype is ${type}`);
  }
};

export const readMessage = (bytes: Uint8Array): { request: InferRequest; raw: boolean } => {
  const message = decode(bytes);
  const raw = message.rawInputContents.length > 0;
  if (raw && message.rawInputContents.length !== message.inputs.length)
    throw refused(
      `raw_input_contents has ${message.rawInputContents.length} entries for ${message.inputs.length} inputs`,
    );
  const inputs = message.inputs.map(({ name, datatype, shape, contents }, i): Tensor => {
    const type = requireHead(name, datatype, shape);
    if (raw && contents !== undefined) throw refused(`the input ${name} has contents beside raw_input_contents`);
    if (!raw && contents === undefined) throw refused(`the input ${name} has no contents`);
    const values = raw ? fromBinary(name, type, message.rawInputContents[i]!) : contentsOf(name, type, contents!);
    requireCount(name, shape, values.length);
    return { name, datatype: type, shape, values };
  });
  const outputs = message.outputs.length === 0 ? null : message.outputs.map(({ name }) => ({ name, binary: null }));
  return { request: { id: message.id === "" ? null : message.id, inputs, outputs, binaryOutput: raw }, raw };
};

const decode = (bytes: Uint8Array): wire.ModelInferRequest => {
  try {
    return wire.ModelInferRequest.decode(bytes);
  } catch (cause) {
    throw refused(`the message could not be decoded: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
};

const nothing = {
  ...{ boolContents: [], intContents: [], int64Contents: [], uintContents: [], uint64Contents: [] },
  ...{ fp32Contents: [], fp64Contents: [], bytesContents: [] },
};

const toContents = ({ datatype, values }: Tensor): wire.InferTensorContents => {
  const numbers = Array.from(values as ArrayLike<number>);
  if (datatype === "BYTES")
    return { ...nothing, bytesContents: (values as readonly string[]).map((text) => Buffer.from(text)) };
  if (datatype === "INT64") return { ...nothing, int64Contents: numbers };
  return datatype === "FP32" ? { ...nothing, fp32Contents: numbers } : { ...nothing, fp64Contents: numbers };
};

/** Raw where the question was. */
export const writeMessage = (
  { name, version }: { name: string; version: string },
  request: InferRequest,
  outputs: readonly Tensor[],
): Uint8Array<ArrayBuffer> => {
  const raw = request.binaryOutput;
  const message: wire.ModelInferResponse = {
    ...{ modelName: name, modelVersion: version, id: request.id ?? "", parameters: {} },
    outputs: outputs.map((tensor) => ({
      ...{ name: tensor.name, datatype: tensor.datatype, shape: tensor.shape, parameters: {} },
      contents: raw ? undefined : toContents(tensor),
    })),
    rawOutputContents: raw ? outputs.map((tensor) => Buffer.from(toBinary(tensor))) : [],
  };
  return new Uint8Array(wire.ModelInferResponse.encode(message).finish());
};
