import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { maskedCrc32c } from "./crc32c.ts";

/** A value of a curve. TensorBoard keeps scalars as 32-bit floats. */
export interface ScalarValue {
  tag: string;
  value: number;
}

/** What a plugin of TensorBoard is told under a tag: its message in its own encoding. */
export interface PluginValue {
  tag: string;
  plugin: string;
  content: Uint8Array;
}

export interface FileEvent {
  /** Seconds since 1970. */
  wallSeconds: number;
  step: number;
  values: readonly (ScalarValue | PluginValue)[];
}

const bytesField = (writer: BinaryWriter, number: number, bytes: Uint8Array): BinaryWriter =>
  writer.tag(number, WireType.LengthDelimited).bytes(bytes);

/** TensorProto {1 dtype, 2 shape, 5 float_val}: one zero, which stands beside a plugin's message, as readers look for some tensor. */
const nullTensor = (): Uint8Array => {
  const dimension = new BinaryWriter().tag(1, WireType.Varint).int64(1).finish();
  const shape = bytesField(new BinaryWriter(), 2, dimension).finish();
  const writer = new BinaryWriter().tag(1, WireType.Varint).int32(1);
  return bytesField(bytesField(writer, 2, shape), 5, new Uint8Array(4)).finish();
};

/** SummaryMetadata {1 plugin_data {1 plugin_name, 2 content}}. */
const metadataOf = ({ plugin, content }: PluginValue): Uint8Array => {
  const data = new BinaryWriter().tag(1, WireType.LengthDelimited).string(plugin);
  return bytesField(new BinaryWriter(), 1, bytesField(data, 2, content).finish()).finish();
};

/** Summary.Value {1 tag, 2 simple_value, 8 tensor, 9 metadata}. */
const encodeValue = (value: ScalarValue | PluginValue): Uint8Array => {
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).string(value.tag);
  if ("value" in value) return writer.tag(2, WireType.Bit32).float(Math.fround(value.value)).finish();
  return bytesField(bytesField(writer, 8, nullTensor()), 9, metadataOf(value)).finish();
};

/** Event {1 wall_time, 2 step, 3 file_version, 5 summary {1 value}}. */
const encodeEvent = ({ wallSeconds, step, values }: FileEvent): Uint8Array => {
  const summary = new BinaryWriter();
  for (const value of values) bytesField(summary, 1, encodeValue(value));
  const writer = new BinaryWriter().tag(1, WireType.Bit64).double(wallSeconds).tag(2, WireType.Varint).int64(step);
  return bytesField(writer, 5, summary.finish()).finish();
};

const encodeVersion = (wallSeconds: number): Uint8Array => {
  const writer = new BinaryWriter().tag(1, WireType.Bit64).double(wallSeconds);
  return writer.tag(3, WireType.LengthDelimited).string("brain.Event:2").finish();
};

/** TFRecord: the length as 64 bits, its masked CRC, the bytes, their masked CRC; little-endian. */
const toRecord = (bytes: Uint8Array): Uint8Array => {
  const record = Buffer.alloc(bytes.length + 16);
  record.writeBigUInt64LE(BigInt(bytes.length));
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(bytes, 12);
  record.writeUInt32LE(maskedCrc32c(bytes), bytes.length + 12);
  return record;
};

/** The first record of an event file, which says what follows. */
export const versionRecord = (startSeconds: number): Uint8Array => toRecord(encodeVersion(startSeconds));

/** A record of an event file. The same event gives the same bytes. */
export const eventRecord = (event: FileEvent): Uint8Array => toRecord(encodeEvent(event));

/** TensorBoard finds its files by this beginning, and orders those of one run by the number. */
export const eventFileName = (startSeconds: number, writer: string): string =>
  `events.out.tfevents.${String(Math.floor(startSeconds)).padStart(10, "0")}.${writer}`;
