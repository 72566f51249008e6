import { ServiceError } from "../domain/errors.ts";
import { floatsOfBrain, floatsOfHalf } from "../formats/half-floats.ts";

/** The protocol's data types, and the bytes of an element; BYTES has a length before each. */
const sizes = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  BF16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: 0,
} as const;

export type Datatype = keyof typeof sizes;

/** Elements in row-major order: numbers (BOOL: 0 and 1), or texts. */
export interface Tensor {
  name: string;
  datatype: Datatype;
  shape: number[];
  values: ArrayLike<number> | readonly string[];
}

export const isDatatype = (name: string): name is Datatype => Object.hasOwn(sizes, name);

export const refused = (detail: string): ServiceError => new ServiceError("malformed", detail);

export const countOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Name, type and shape, which a request states; how many elements there must be. */
export const requireHead = (name: string, datatype: string, shape: readonly number[]): Datatype => {
  if (!isDatatype(datatype))
    throw refused(`the input ${name} has the datatype ${datatype}; it must be one of ${Object.keys(sizes).join(", ")}`);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || countOf(shape) > 2 ** 26)
    throw refused(
      `the input ${name} has the shape [${shape.join(", ")}]; sizes are whole, not negative, and not that large`,
    );
  return datatype;
};

export const requireCount = (name: string, shape: readonly number[], found: number): void => {
  if (found !== countOf(shape))
    throw refused(
      `the input ${name} has ${found} elements where its shape [${shape.join(", ")}] wants ${countOf(shape)}`,
    );
};

/** A whole number that a double holds exactly; another would change without a word. */
const exact = (value: bigint): number => {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw refused(`${value} is beyond 2^53 and would not be computed with exactly`);
  return number;
};

const readers: Record<Exclude<Datatype, "BYTES" | "FP16" | "BF16">, (view: DataView, at: number) => number> = {
  BOOL: (view, at) => (view.getUint8(at) === 0 ? 0 : 1),
  UINT8: (view, at) => view.getUint8(at),
  UINT16: (view, at) => view.getUint16(at, true),
  UINT32: (view, at) => view.getUint32(at, true),
  UINT64: (view, at) => exact(view.getBigUint64(at, true)),
  INT8: (view, at) => view.getInt8(at),
  INT16: (view, at) => view.getInt16(at, true),
  INT32: (view, at) => view.getInt32(at, true),
  INT64: (view, at) => exact(view.getBigInt64(at, true)),
  FP32: (view, at) => view.getFloat32(at, true),
  FP64: (view, at) => view.getFloat64(at, true),
};

const utf8 = new TextDecoder("utf-8", { fatal: true });

export const textOf = (name: string, bytes: Uint8Array): string => {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new ServiceError("malformed", `the input ${name} has bytes that are no text in UTF-8`, { cause });
  }
};

const readTexts = (name: string, bytes: Uint8Array): string[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = at + 4 <= bytes.length ? view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    if (at + 4 + length > bytes.length) throw refused(`the binary data of the input ${name} end within an element`);
    texts.push(textOf(name, bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return texts;
};

/** Elements from their binary form: little-endian, without gaps; BYTES with four bytes of length before each. */
export const fromBinary = (name: string, type: Datatype, bytes: Uint8Array): number[] | string[] => {
  if (type === "BYTES") return readTexts(name, bytes);
  const size = sizes[type];
  if (bytes.length % size !== 0) throw refused(`the binary data of the input ${name} are no whole elements of ${type}`);
  if (type === "FP16") return Array.from(floatsOfHalf(bytes));
  if (type === "BF16") return Array.from(floatsOfBrain(bytes));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / size }, (_, i) => readers[type](view, i * size));
};

/** The binary form of an output: those of its types that this service answers with. */
export const toBinary = ({ datatype, values }: Tensor): Uint8Array => {
  if (datatype === "BYTES") {
    return Buffer.concat(
      Array.from(values as readonly string[], (text) => {
        const bytes = Buffer.from(text);
        const length = Buffer.alloc(4);
        length.writeUInt32LE(bytes.length);
        return Buffer.concat([length, bytes]);
      }),
    );
  }
  const numbers = values as ArrayLike<number>;
  const size = sizes[datatype];
  const view = new DataView(new ArrayBuffer(numbers.length * size));
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]!;
    if (datatype === "FP32") view.setFloat32(i * size, value, true);
    else if (datatype === "FP64") view.setFloat64(i * size, value, true);
    else view.setBigInt64(i * size, BigInt(value), true);
  }
  return new Uint8Array(view.buffer);
};

/** The whole numbers of a type, as far as a double holds them exactly. */
const wholeRanges: Partial<Record<Datatype, readonly [number, number]>> = {
  BOOL: [0, 1],
  UINT8: [0, 2 ** 8 - 1],
  UINT16: [0, 2 ** 16 - 1],
  UINT32: [0, 2 ** 32 - 1],
  UINT64: [0, Number.MAX_SAFE_INTEGER],
  INT8: [-(2 ** 7), 2 ** 7 - 1],
  INT16: [-(2 ** 15), 2 ** 15 - 1],
  INT32: [-(2 ** 31), 2 ** 31 - 1],
  INT64: [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/** Of a whole number that came as one of a wider type. */
export const requireRange = (name: string, type: Datatype, value: number): void => {
  const range = wholeRanges[type];
  if (range === undefined) return;
  const [least, most] = range;
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw refused(
    `the data of the input ${name} have ${value}, and its datatype is ${type}: whole numbers from ${least} to ${most}`,
  );
};

/** Elements from JSON: in one list or in lists of lists. */
export const fromJson = (name: string, type: Datatype, data: unknown): number[] | string[] => {
  const flat: unknown[] = Array.isArray(data) ? data.flat(Number.POSITIVE_INFINITY) : [data];
  if (type === "BYTES") {
    if (!flat.every((value): value is string => typeof value === "string"))
      throw refused(`the data of the input ${name} must be texts, as its datatype is BYTES`);
    return flat;
  }
  return flat.map((value) => {
    if (typeof value === "boolean" && type === "BOOL") return value ? 1 : 0;
    if (value === null && !Object.hasOwn(wholeRanges, type)) return Number.NaN;
    if (typeof value === "number") {
      requireRange(name, type, value);
      return value;
    }
    throw refused(
      `the data of the input ${name} must be ${type === "BOOL" ? "true or false" : "numbers"}, as its datatype is ${type}`,
    );
  });
};
