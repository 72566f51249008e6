import { limits } from "../../../domain/limits.ts";
import { floatsOfBrain, floatsOfHalf } from "../../half-floats.ts";
import { malformedOnnx, unsupportedOnnx } from "../onnx-error.ts";
import { elementTypes, type TensorMessage } from "./schema.ts";

/** Numbers of a constant: single precision as it is, everything else as doubles. Whole numbers are exact up to 2⁵³. */
export interface ConstantTensor {
  readonly dims: readonly number[];
  /** Booleans and whole numbers are `integer`: they make shapes, indices and conditions. */
  readonly kind: "float" | "integer";
  readonly data: Float32Array | Float64Array;
}

/** The bytes of a file that lies beside the model, by its path in the archive. */
export type ExternalFiles = (location: string) => Uint8Array | undefined;

const mostAxes = 16;

/** Elements of a shape from a file: each axis a count, their product bounded. */
export const elementCount = (dims: readonly number[], what: string): number => {
  if (dims.length > mostAxes) throw malformedOnnx(`${what} has ${dims.length} axes, at most ${mostAxes} are allowed`);
  let count = 1;
  for (const size of dims) {
    if (!Number.isSafeInteger(size) || size < 0) throw malformedOnnx(`${what} has an axis of ${size}`);
    count *= size;
    if (count > limits.parameters) {
      throw malformedOnnx(`${what} has more elements than the ${limits.parameters} that a model may have`);
    }
  }
  return count;
};

const bytesOfElement: Readonly<Record<number, number>> = {
  [elementTypes.float]: 4,
  [elementTypes.uint8]: 1,
  [elementTypes.int8]: 1,
  [elementTypes.uint16]: 2,
  [elementTypes.int16]: 2,
  [elementTypes.int32]: 4,
  [elementTypes.int64]: 8,
  [elementTypes.bool]: 1,
  [elementTypes.float16]: 2,
  [elementTypes.double]: 8,
  [elementTypes.uint32]: 4,
  [elementTypes.uint64]: 8,
  [elementTypes.bfloat16]: 2,
};

const typeName = (type: number): string =>
  Object.entries(elementTypes).find(([, code]) => code === type)?.[0] ?? `number ${type}`;

export const isFloatType = (type: number): boolean =>
  type === elementTypes.float ||
  type === elementTypes.float16 ||
  type === elementTypes.bfloat16 ||
  type === elementTypes.double;

/** Whole numbers of `width` bytes, little-endian. */
const integersOf = (bytes: Uint8Array, count: number, type: number): Float64Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read: Readonly<Record<number, (i: number) => number>> = {
    [elementTypes.uint8]: (i) => view.getUint8(i),
    [elementTypes.bool]: (i) => view.getUint8(i),
    [elementTypes.int8]: (i) => view.getInt8(i),
    [elementTypes.uint16]: (i) => view.getUint16(2 * i, true),
    [elementTypes.int16]: (i) => view.getInt16(2 * i, true),
    [elementTypes.int32]: (i) => view.getInt32(4 * i, true),
    [elementTypes.uint32]: (i) => view.getUint32(4 * i, true),
    [elementTypes.int64]: (i) => Number(view.getBigInt64(8 * i, true)),
    [elementTypes.uint64]: (i) => Number(view.getBigUint64(8 * i, true)),
  };
  const at = read[type]!;
  return Float64Array.from({ length: count }, (_, i) => at(i));
};

/** A copy that begins where its elements may. */
const aligned = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

const fromBytes = (bytes: Uint8Array, count: number, type: number): ConstantTensor["data"] => {
  switch (type) {
    case elementTypes.float:
      return new Float32Array(aligned(bytes));
    case elementTypes.double:
      return Float32Array.from(new Float64Array(aligned(bytes)));
    case elementTypes.float16:
      return floatsOfHalf(bytes);
    case elementTypes.bfloat16:
      return floatsOfBrain(bytes);
    default:
      return integersOf(bytes, count, type);
  }
};

const bits16 = (values: readonly number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);

/** Numbers that stand in the message's own fields. */
const fromFields = (message: TensorMessage, type: number): ConstantTensor["data"] => {
  switch (type) {
    case elementTypes.float:
      return Float32Array.from(message.floatData);
    case elementTypes.double:
      return Float32Array.from(message.doubleData);
    case elementTypes.float16:
      return floatsOfHalf(bits16(message.int32Data));
    case elementTypes.bfloat16:
      return floatsOfBrain(bits16(message.int32Data));
    case elementTypes.int64:
      return Float64Array.from(message.int64Data);
    case elementTypes.uint32:
    case elementTypes.uint64:
      return Float64Array.from(message.uint64Data);
    default:
      return Float64Array.from(message.int32Data);
  }
};

const externalBytes = (message: TensorMessage, bytes: number, what: string, files: ExternalFiles): Uint8Array => {
  const entries = new Map(message.externalData.map(({ key, value }) => [key ?? "", value ?? ""]));
  const location = entries.get("location") ?? "";
  const file = files(location);
  if (file === undefined) {
    const remedy =
      "upload a zip (application/zip) of the model and its data files, or export it with external_data=False";
    throw unsupportedOnnx(
      `${what} lies in ${JSON.stringify(location.slice(0, 200))}, which is not in the upload; ${remedy}`,
    );
  }
  const [offset, length] = [Number(entries.get("offset") ?? 0), Number(entries.get("length") ?? bytes)];
  const sound = Number.isSafeInteger(offset) && offset >= 0 && length === bytes && offset + length <= file.byteLength;
  if (!sound)
    throw malformedOnnx(`${what} is said to lie at ${offset}, ${length} bytes, in a file of ${file.byteLength}`);
  return file.subarray(offset, offset + length);
};

/** Reads a tensor of any of the number types. */
export const readTensor = (message: TensorMessage, files: ExternalFiles): ConstantTensor => {
  const what = `the tensor ${JSON.stringify((message.name ?? "").slice(0, 200))}`;
  const type = message.dataType ?? 0;
  const width = bytesOfElement[type];
  if (width === undefined)
    throw unsupportedOnnx(`${what} holds elements of the type ${typeName(type)}; only numbers can be used`);
  const count = elementCount(message.dims, what);
  const external = message.dataLocation === 1 ? externalBytes(message, count * width, what, files) : undefined;
  const raw = external ?? message.rawData;
  if (raw !== undefined && raw.byteLength !== count * width) {
    throw malformedOnnx(
      `${what} has ${raw.byteLength} bytes, its shape [${message.dims.join(", ")}] needs ${count * width}`,
    );
  }
  const data = raw === undefined ? fromFields(message, type) : fromBytes(raw, count, type);
  if (data.length !== count) {
    throw malformedOnnx(`${what} has ${data.length} elements, its shape [${message.dims.join(", ")}] needs ${count}`);
  }
  return { dims: message.dims, kind: isFloatType(type) ? "float" : "integer", data };
};
