import { ServiceError } from "../../domain/errors.ts";
import { floatsOfBrain, floatsOfHalf } from "../half-floats.ts";
import { readEntries } from "./safetensors.ts";

/** A tensor of a file of any origin; null where it holds other than floating-point numbers. */
export interface ForeignTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | null;
}

const widths: Readonly<Record<string, number>> = {
  ...{ F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1 },
  ...{ F8_E4M3: 1, F8_E5M2: 1 },
};

const floatsOf = (dtype: string, bytes: Uint8Array): Float32Array | null => {
  switch (dtype) {
    case "F32":
      return new Float32Array(new Uint8Array(bytes).buffer);
    case "F64":
      return Float32Array.from(new Float64Array(new Uint8Array(bytes).buffer));
    case "F16":
      return floatsOfHalf(bytes);
    case "BF16":
      return floatsOfBrain(bytes);
    default:
      return null;
  }
};

/** Reads a safetensors file's weights, whatever wrote it: half precisions are widened, whole numbers (counters) passed over. */
export const readForeignTensors = (file: Uint8Array): ForeignTensor[] => {
  const { entries, dataStart } = readEntries(file);
  return entries.map(({ name, dtype, shape, data_offsets: [start, end] }) => {
    const width = widths[dtype];
    const count = shape.reduce((product, size) => product * size, 1);
    if (width === undefined || !Number.isSafeInteger(count) || count * width !== end - start) {
      const detail = `tensor ${name} has ${end - start} bytes of ${dtype}, its shape [${shape.join(", ")}] needs another number`;
      throw new ServiceError("malformed", `not a valid safetensors file: ${detail}`);
    }
    return { name, shape, data: floatsOf(dtype, file.subarray(dataStart + start, dataStart + end)) };
  });
};
