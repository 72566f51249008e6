import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { malformedOnnx } from "../onnx-error.ts";

/** A scalar of a protocol buffer, or the name of another message. */
export type Scalar = "int64" | "int32" | "uint64" | "float" | "double" | "string" | "bytes";

export interface Field {
  readonly number: number;
  readonly type: Scalar | (() => MessageTable);
  readonly repeated: boolean;
  /** Repeated numbers are written side by side, under one key. */
  readonly packed: boolean;
}

/** The fields of a message by their names. */
export type MessageTable = Readonly<Record<string, Field>>;

export type Fields = Record<string, unknown>;

/** How deep messages may lie in each other: graphs within attributes of nodes within graphs. */
const deepest = 32;

const one = (number: number, type: Field["type"]): Field => ({ number, type, repeated: false, packed: false });
export const field = {
  one,
  many: (number: number, type: Field["type"], packed = false): Field => ({ number, type, repeated: true, packed }),
};

const byNumber = new WeakMap<MessageTable, Map<number, [string, Field]>>();
const fieldsOf = (table: MessageTable): Map<number, [string, Field]> => {
  const known = byNumber.get(table) ?? new Map(Object.entries(table).map((entry) => [entry[1].number, entry]));
  byNumber.set(table, known);
  return known;
};

const wireOf = (type: Field["type"]): WireType => {
  if (type === "float") return WireType.Bit32;
  if (type === "double") return WireType.Bit64;
  return type === "int64" || type === "int32" || type === "uint64" ? WireType.Varint : WireType.LengthDelimited;
};

/** Whole numbers beyond 2⁵³ lose their last bits: they stand for "to the end", or are refused where they are sizes. */
const readScalar = (reader: BinaryReader, type: Scalar): unknown => {
  switch (type) {
    case "int64":
      return Number(reader.int64());
    case "uint64":
      return Number(reader.uint64());
    case "int32":
      return reader.int32();
    case "float":
      return reader.float();
    case "double":
      return reader.double();
    case "string":
      return new TextDecoder().decode(reader.bytes());
    case "bytes":
      return reader.bytes();
  }
};

const readValue = (reader: BinaryReader, type: Field["type"], depth: number): unknown => {
  if (typeof type === "string") return readScalar(reader, type);
  return readMessage(new BinaryReader(reader.bytes()), type(), depth + 1);
};

const readField = (
  reader: BinaryReader,
  message: Fields,
  [name, own]: [string, Field],
  wire: WireType,
  depth: number,
) => {
  const expected = wireOf(own.type);
  if (!own.repeated) {
    if (wire !== expected) throw malformedOnnx(`the field ${name} has another wire type than the schema's`);
    message[name] = readValue(reader, own.type, depth);
    return;
  }
  const list = message[name] as unknown[];
  if (wire === expected) {
    list.push(readValue(reader, own.type, depth));
    return;
  }
  if (wire !== WireType.LengthDelimited)
    throw malformedOnnx(`the field ${name} has another wire type than the schema's`);
  const end = reader.uint32() + reader.pos;
  if (end > reader.len) throw malformedOnnx("it ends within a field");
  while (reader.pos < end) list.push(readValue(reader, own.type, depth));
};

/** Reads a message by its table. Bytes are views of the file; unknown fields are skipped. */
const readMessage = (reader: BinaryReader, table: MessageTable, depth: number): Fields => {
  if (depth > deepest) throw malformedOnnx(`messages lie more than ${deepest} deep in each other`);
  const known = fieldsOf(table);
  const message: Fields = {};
  for (const [name, { repeated }] of Object.entries(table)) if (repeated) message[name] = [];
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    const entry = known.get(number);
    if (entry === undefined) reader.skip(wire, number);
    else readField(reader, message, entry, wire, depth);
  }
  return message;
};

export const decodeMessage = (bytes: Uint8Array, table: MessageTable): Fields => {
  try {
    return readMessage(new BinaryReader(bytes), table, 0);
  } catch (error) {
    if (error instanceof RangeError || (error instanceof Error && error.name === "Error"))
      throw malformedOnnx(error.message, error);
    throw error;
  }
};

const writeScalar = (writer: BinaryWriter, type: Scalar, value: unknown): void => {
  switch (type) {
    case "int64":
      writer.int64(BigInt(value as number));
      return;
    case "uint64":
      writer.uint64(BigInt(value as number));
      return;
    case "int32":
      writer.int32(value as number);
      return;
    case "float":
      writer.float(value as number);
      return;
    case "double":
      writer.double(value as number);
      return;
    case "string":
      writer.string(value as string);
      return;
    case "bytes":
      writer.bytes(value as Uint8Array);
  }
};

const writeValue = (writer: BinaryWriter, own: Field, value: unknown): void => {
  writer.tag(own.number, wireOf(own.type));
  if (typeof own.type === "string") writeScalar(writer, own.type, value);
  else writer.bytes(encodeMessage(value as Fields, own.type()));
};

/** Writes a message by its table; what is undefined or empty is left out. */
export const encodeMessage = (message: Readonly<Fields>, table: MessageTable): Uint8Array => {
  const writer = new BinaryWriter();
  for (const [name, own] of Object.entries(table)) {
    const value = message[name];
    if (value === undefined) continue;
    if (!own.repeated) writeValue(writer, own, value);
    else if (own.packed && typeof own.type === "string") {
      const list = value as readonly unknown[];
      if (list.length === 0) continue;
      writer.tag(own.number, WireType.LengthDelimited).fork();
      for (const item of list) writeScalar(writer, own.type, item);
      writer.join();
    } else for (const item of value as readonly unknown[]) writeValue(writer, own, item);
  }
  return writer.finish();
};
