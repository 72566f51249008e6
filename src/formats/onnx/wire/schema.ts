import { type Fields, field, type MessageTable } from "./message-codec.ts";

/**
 * The messages of the published ONNX schema (https://onnx.ai/onnx/repo-docs/IR.html), by field number, as far as networks need them. A file may hold
 * more: unknown fields are skipped.
 */
const { one, many } = field;

export const StringEntry: MessageTable = { key: one(1, "string"), value: one(2, "string") };

export const Tensor: MessageTable = {
  dims: many(1, "int64", true),
  dataType: one(2, "int32"),
  floatData: many(4, "float", true),
  int32Data: many(5, "int32", true),
  stringData: many(6, "bytes"),
  int64Data: many(7, "int64", true),
  name: one(8, "string"),
  rawData: one(9, "bytes"),
  doubleData: many(10, "double", true),
  uint64Data: many(11, "uint64", true),
  externalData: many(13, () => StringEntry),
  dataLocation: one(14, "int32"),
};

export const Dimension: MessageTable = { value: one(1, "int64"), parameter: one(2, "string") };
export const TensorShape: MessageTable = { dims: many(1, () => Dimension) };
export const TensorTypeTable: MessageTable = { elementType: one(1, "int32"), shape: one(2, () => TensorShape) };
export const TypeTable: MessageTable = { tensor: one(1, () => TensorTypeTable) };
export const ValueInfo: MessageTable = { name: one(1, "string"), type: one(2, () => TypeTable) };

export const Attribute: MessageTable = {
  name: one(1, "string"),
  float: one(2, "float"),
  int: one(3, "int64"),
  string: one(4, "bytes"),
  tensor: one(5, () => Tensor),
  graph: one(6, () => Graph),
  floats: many(7, "float"),
  ints: many(8, "int64"),
  strings: many(9, "bytes"),
  type: one(20, "int32"),
  reference: one(21, "string"),
};

export const Node: MessageTable = {
  inputs: many(1, "string"),
  outputs: many(2, "string"),
  name: one(3, "string"),
  op: one(4, "string"),
  attributes: many(5, () => Attribute),
  domain: one(7, "string"),
};

export const Graph: MessageTable = {
  nodes: many(1, () => Node),
  name: one(2, "string"),
  initializers: many(5, () => Tensor),
  inputs: many(11, () => ValueInfo),
  outputs: many(12, () => ValueInfo),
  valueInfo: many(13, () => ValueInfo),
};

export const OperatorSet: MessageTable = { domain: one(1, "string"), version: one(2, "int64") };

export const LocalFunction: MessageTable = {
  name: one(1, "string"),
  inputs: many(4, "string"),
  outputs: many(5, "string"),
  attributes: many(6, "string"),
  nodes: many(7, () => Node),
  operatorSets: many(9, () => OperatorSet),
  domain: one(10, "string"),
};

export const ModelTable: MessageTable = {
  irVersion: one(1, "int64"),
  producerName: one(2, "string"),
  producerVersion: one(3, "string"),
  graph: one(7, () => Graph),
  operatorSets: many(8, () => OperatorSet),
  metadata: many(14, () => StringEntry),
  functions: many(25, () => LocalFunction),
};

/** The element types of tensors: TensorProto.DataType. */
export const elementTypes = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;

/** What a message of a table holds, as TypeScript sees it. */
export interface TensorMessage extends Fields {
  dims: number[];
  dataType?: number;
  floatData: number[];
  int32Data: number[];
  int64Data: number[];
  uint64Data: number[];
  doubleData: number[];
  name?: string;
  rawData?: Uint8Array;
  externalData: { key?: string; value?: string }[];
  dataLocation?: number;
}

export interface AttributeMessage extends Fields {
  name?: string;
  float?: number;
  int?: number;
  string?: Uint8Array;
  tensor?: TensorMessage;
  graph?: Fields;
  floats: number[];
  ints: number[];
  strings: Uint8Array[];
  type?: number;
  reference?: string;
}

export interface NodeMessage extends Fields {
  inputs: string[];
  outputs: string[];
  name?: string;
  op?: string;
  attributes: AttributeMessage[];
  domain?: string;
}

export interface ValueInfoMessage extends Fields {
  name?: string;
  type?: { tensor?: { elementType?: number; shape?: { dims: { value?: number; parameter?: string }[] } } };
}

export interface GraphMessage extends Fields {
  nodes: NodeMessage[];
  name?: string;
  initializers: TensorMessage[];
  inputs: ValueInfoMessage[];
  outputs: ValueInfoMessage[];
}

export interface FunctionMessage extends Fields {
  name?: string;
  domain?: string;
  inputs: string[];
  outputs: string[];
  nodes: NodeMessage[];
}

export interface ModelMessage extends Fields {
  irVersion?: number;
  producerName?: string;
  producerVersion?: string;
  graph?: GraphMessage;
  operatorSets: { domain?: string; version?: number }[];
  metadata: { key?: string; value?: string }[];
  functions: FunctionMessage[];
}
