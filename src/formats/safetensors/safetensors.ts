import { createHash } from "node:crypto";
import { z } from "zod";
import { ServiceError } from "../../domain/errors.ts";
import { exactRecord } from "../../domain/exact-record.ts";

/**
 * The safetensors format (https://huggingface.co/docs/safetensors): u64 length of the header, little-endian; the header,
 * JSON, padded with spaces so that the data starts at a multiple of 8; the tensors' bytes, little-endian, without gaps.
 */
export type Tensor =
  | { name: string; dtype: "F32"; shape: readonly number[]; data: Float32Array }
  | { name: string; dtype: "F64"; shape: readonly number[]; data: Float64Array }
  | { name: string; dtype: "I32"; shape: readonly number[]; data: Int32Array };

export interface SafetensorsFile {
  /** In the order of their bytes. */
  tensors: Tensor[];
  metadata: Readonly<Record<string, string>>;
}

const HEADER_BYTES = 1024 * 1024;
const LENGTH_BYTES = 8;
const elementBytes = { F32: 4, F64: 8, I32: 4 } as const;

const Entry = z.object({
  dtype: z.string(),
  shape: z.array(z.int().min(0)).max(16),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});
const Metadata = exactRecord(z.string(), z.string());
const Header = exactRecord(z.string(), z.unknown());
type Entry = z.infer<typeof Entry>;

/** The file in pieces, the tensors' bytes not copied: for streaming large weights to a store. The caller's order is the file's. */
export const safetensorsChunks = (
  tensors: readonly Tensor[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] => {
  const members: string[] = Object.keys(metadata).length > 0 ? [`"__metadata__":${JSON.stringify(metadata)}`] : [];
  let offset = 0;
  for (const { name, dtype, shape, data } of tensors) {
    const end = offset + data.byteLength;
    // Written by hand: an object would move names such as "0" to the front.
    members.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, end] })}`);
    offset = end;
  }
  const header = new TextEncoder().encode(`{${members.join(",")}}`);
  const paddedBytes = Math.ceil(header.byteLength / 8) * 8;
  const head = new Uint8Array(LENGTH_BYTES + paddedBytes).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(paddedBytes), true);
  head.set(header, LENGTH_BYTES);
  return [head, ...tensors.map(bytesOf)];
};

export const encodeSafetensors = (
  tensors: readonly Tensor[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array => {
  const chunks = safetensorsChunks(tensors, metadata);
  const file = new Uint8Array(chunks.reduce((bytes, chunk) => bytes + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    file.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return file;
};

/**
 * Reads a file of any origin, trusting nothing: header of at most 1 MiB, tensors contiguous from 0 and covering exactly,
 * products within range. Throws ServiceError `malformed`. The tensors view `file` where its alignment allows, else they are copies.
 */
export const decodeSafetensors = (file: Uint8Array): SafetensorsFile => {
  const { entries, dataStart, metadata } = readEntries(file);
  return { tensors: entries.map((entry) => toTensor(entry.name, entry, file, dataStart)), metadata };
};

/** What the header says of the tensors, in the order of their bytes: contiguous from 0, covering exactly; types and sizes are not looked at. */
export const readEntries = (
  file: Uint8Array,
): { entries: (Entry & { name: string })[]; dataStart: number; metadata: Readonly<Record<string, string>> } => {
  const { header, dataStart } = readHeader(file);
  const metadata = parse(Metadata, header.__metadata__ ?? {}, "__metadata__");
  const entries = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, value]) => ({ name, ...parse(Entry, value, name) }))
    .sort((a, b) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]);
  let end = 0;
  for (const { name, data_offsets } of entries) {
    if (data_offsets[0] !== end || data_offsets[1] < end)
      throw malformed(`tensor ${name} starts at ${data_offsets[0]}, expected ${end}`);
    end = data_offsets[1];
  }
  if (dataStart + end !== file.byteLength) {
    throw malformed(`the tensors end at byte ${end}, the file's data at ${file.byteLength - dataStart}`);
  }
  return { entries, dataStart, metadata };
};

/** `sha256:…` of the tensors' bytes in their order: equal weights have equal digests, whatever the metadata. */
export const digestOfTensors = (tensors: readonly Tensor[]): string => {
  const hash = createHash("sha256");
  for (const tensor of tensors) hash.update(bytesOf(tensor));
  return `sha256:${hash.digest("hex")}`;
};

const bytesOf = ({ data }: Tensor): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Not `slice`: a Node Buffer's is a view, and a header in shared memory cannot be decoded in place. */
const copyOf = (file: Uint8Array, start: number, end: number): Uint8Array => new Uint8Array(file.subarray(start, end));

const readHeader = (file: Uint8Array): { header: Record<string, unknown>; dataStart: number } => {
  if (file.byteLength < LENGTH_BYTES) throw malformed("the file is shorter than 8 bytes");
  const length = new DataView(file.buffer, file.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > BigInt(HEADER_BYTES)) throw malformed(`the header of ${length} bytes is larger than 1 MiB`);
  const dataStart = LENGTH_BYTES + Number(length);
  if (dataStart > file.byteLength) throw malformed("the file ends within its header");
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(copyOf(file, LENGTH_BYTES, dataStart)));
  } catch (cause) {
    throw malformed("the header is not JSON in UTF-8", cause);
  }
  return { header: parse(Header, header, "header"), dataStart };
};

const toTensor = (name: string, entry: Entry, file: Uint8Array, dataStart: number): Tensor => {
  const { dtype, shape, data_offsets } = entry;
  if (dtype !== "F32" && dtype !== "F64" && dtype !== "I32") {
    throw malformed(`tensor ${name} is ${dtype}: only F32, F64 and I32 are supported`);
  }
  const count = shape.reduce((product, size) => product * size, 1);
  const bytes = data_offsets[1] - data_offsets[0];
  if (!Number.isSafeInteger(count) || count * elementBytes[dtype] !== bytes) {
    throw malformed(`tensor ${name} has ${bytes} bytes, its shape [${shape.join(", ")}] needs another number`);
  }
  const start = dataStart + data_offsets[0];
  const aligned = (file.byteOffset + start) % elementBytes[dtype] === 0;
  const source = aligned ? file : copyOf(file, start, start + bytes);
  const offset = aligned ? file.byteOffset + start : source.byteOffset;
  if (dtype === "F32") return { name, dtype, shape, data: new Float32Array(source.buffer, offset, count) };
  if (dtype === "F64") return { name, dtype, shape, data: new Float64Array(source.buffer, offset, count) };
  return { name, dtype, shape, data: new Int32Array(source.buffer, offset, count) };
};

const parse = <T>(schema: z.ZodType<T>, value: unknown, where: string): T => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw malformed(`${where}: ${result.error.issues[0]?.message ?? "not valid"}`);
};

const malformed = (detail: string, cause?: unknown): ServiceError =>
  new ServiceError("malformed", `not a valid safetensors file: ${detail}`, { cause });
