import type { KernelName } from "../interface.ts";
import { createRandomStream, seedWords } from "../philox.ts";

/** A tensor that a kernel writes, and how far it may lie from the truth. */
export interface Output {
  readonly pointer: number;
  readonly count: number;
  readonly type: "real" | "integer" | "double";
  /** Largest error in units in the last place of an f32 of size max(|truth|, floor). */
  readonly ulps: number;
  readonly floor: number;
}

/** One call of a kernel on random data. */
export interface Case {
  readonly args: readonly number[];
  readonly units: number;
  readonly outputs: readonly Output[];
}

export type MakeCase = (r: Space) => Case;
export type CasesOf<Family> = { readonly [K in keyof Family & KernelName]: MakeCase };

export const memoryBytes = 8 * 2 ** 20;

/** Random sizes, and tensors of random numbers placed one after the other in a fresh memory, 16-byte aligned, with a gap between. */
export const createSpace = (seed: number) => {
  const buffer = new ArrayBuffer(memoryBytes);
  const [reals, integers, doubles] = [new Float32Array(buffer), new Int32Array(buffer), new Float64Array(buffer)];
  const random = createRandomStream({ ...seedWords(seed), purpose: 7, index: 0 });
  let top = 64;
  const place = (bytes: number): number => {
    const pointer = top;
    top = Math.ceil((top + bytes) / 16) * 16 + 32;
    if (top > memoryBytes) throw new Error("a case needs a larger memory");
    return pointer;
  };
  const between = (low: number, high: number): number => low + (high - low) * random.uniform();
  const real = (count: number, low = -1, high = 1): number => {
    const pointer = place(count * 4);
    for (let i = 0; i < count; i++) reals[pointer / 4 + i] = between(low, high);
    return pointer;
  };
  return {
    buffer,
    used: () => top,
    between,
    /** A whole number from low to high, both included. */
    size: (low: number, high: number): number => low + random.below(high - low + 1),
    flag: (): number => random.below(2),
    real,
    /** Absent half of the time. */
    maybeReal: (count: number, low = -1, high = 1): number => (random.below(2) ? real(count, low, high) : 0),
    integer: (count: number, low: number, high: number): number => {
      const pointer = place(count * 4);
      for (let i = 0; i < count; i++) integers[pointer / 4 + i] = low + random.below(high - low + 1);
      return pointer;
    },
    double: (...values: readonly number[]): number => {
      const pointer = place(values.length * 8);
      doubles.set(values, pointer / 8);
      return pointer;
    },
    scratch: (bytes: number): number => place(bytes),
    /** Rubbish to be overwritten. */
    blank: (count: number): number => real(count, 100, 200),
    blankDouble: (count: number): number => real(2 * count, 100, 200),
  };
};
export type Space = ReturnType<typeof createSpace>;

export const realOutput = (pointer: number, count: number, ulps: number, floor = 0): Output => ({
  pointer,
  count,
  type: "real",
  ulps,
  floor,
});
export const integerOutput = (pointer: number, count: number): Output => ({
  pointer,
  count,
  type: "integer",
  ulps: 0,
  floor: 0,
});
export const doubleOutput = (pointer: number, count: number, ulps: number, floor = 0): Output => ({
  pointer,
  count,
  type: "double",
  ulps,
  floor,
});

/** The distance of neighbouring f32 numbers at the size of `value`. */
export const ulpOf = (value: number): number => {
  const size = Math.abs(value);
  if (size < 2 ** -126) return 2 ** -149;
  return 2 ** (Math.floor(Math.log2(size)) - 23);
};

/** Bytes of one element of an output. */
export const bytesOf = { real: 4, integer: 4, double: 8 } as const;

/** The bytes of all outputs, one after the other. */
export const outputBytes = (bytes: Uint8Array, outputs: readonly Output[]): Buffer =>
  Buffer.concat(outputs.map((o) => bytes.subarray(o.pointer, o.pointer + o.count * bytesOf[o.type])));
