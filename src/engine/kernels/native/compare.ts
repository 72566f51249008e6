import { bytesOf, createSpace, type MakeCase, memoryBytes, type Output, type Space } from "../cases/case.ts";
import { kernelCases } from "../cases/kernel-cases.ts";
import { wideCases } from "../cases/wide.ts";
import { type KernelName, type Kernels, kernelInfo } from "../interface.ts";
import { instantiateKernels } from "../load.ts";
import { loadNativeKernels, type NativeKernels, type NativeLibrary } from "./library.ts";

/** Both kinds of kernels on one memory. */
export interface Pair {
  readonly wasm: Kernels;
  readonly native: NativeKernels;
  readonly memory: WebAssembly.Memory;
}

export const openPair = async (module: WebAssembly.Module, library: NativeLibrary): Promise<Pair> => {
  const memory = new WebAssembly.Memory({ initial: memoryBytes / 65536, maximum: memoryBytes / 65536, shared: true });
  return { wasm: instantiateKernels(module, memory), native: await loadNativeKernels(library, memory), memory };
};

/** Numbers that show another order, another rounding, or a processor that takes denormals for 0. */
const odd = [0, -0, 1e-45, -3e-42, 1.2e-38, -1e38, 3.4e38, Infinity, -Infinity, NaN, 1, -1, 88.8, -87.4];

/** Puts odd numbers in the place of some real ones. What else a case is made of (labels, indices, hyper-parameters) is told by its size and left alone. */
const spoil = (space: Space, share: number): void => {
  const reals = new Float32Array(space.buffer, 0, Math.floor(space.used() / 4));
  const count = Math.ceil(reals.length * share);
  for (let i = 0; i < count; i++) {
    const place = space.size(16, reals.length - 1);
    const value = Math.abs(reals[place]!);
    if (value > 1e-6 && value < 300) reals[place] = odd[space.size(0, odd.length - 1)]!;
  }
};

/** The first element of the outputs that differs; all NaNs are one. */
const differenceOf = (a: Uint8Array, b: Uint8Array, outputs: readonly Output[]): string | null => {
  for (const { pointer, count, type } of outputs) {
    const read = (bytes: Uint8Array): ArrayLike<number> => {
      const copy = bytes.slice(pointer, pointer + count * bytesOf[type]).buffer;
      if (type === "real") return new Float32Array(copy);
      return type === "integer" ? new Int32Array(copy) : new Float64Array(copy);
    };
    const [x, y] = [read(a), read(b)];
    for (let i = 0; i < count; i++)
      if (!Object.is(x[i], y[i])) return `element ${i} of ${count} is ${y[i]} and not ${x[i]}`;
  }
  return null;
};

/** Takes away what a case may change: its outputs and the scratch. */
const withoutChanges = (bytes: Uint8Array, outputs: readonly Output[], scratch: number | undefined): Uint8Array => {
  for (const { pointer, count, type } of outputs) bytes.fill(0, pointer, pointer + count * bytesOf[type]);
  if (scratch !== undefined) bytes.fill(0, scratch, scratch + 65536);
  return bytes;
};

/**
 * Runs a kernel in both ways on one random case, with a share of odd numbers and sometimes on a part of its range. Says how they differ, in an output's bits or
 * in what else was written, or null.
 */
const compareOnce = (
  name: KernelName,
  make: MakeCase,
  { wasm, native, memory }: Pair,
  seed: number,
  share: number,
): string | null => {
  const space = createSpace(seed);
  const { args, units, outputs } = make(space);
  if (share > 0) spoil(space, share);
  const start = space.size(0, 2) === 0 ? space.size(0, units) : 0;
  const end = space.size(0, 2) === 0 ? space.size(start, units) : units;
  const before = new Uint8Array(space.buffer, 0, space.used());
  const bytes = new Uint8Array(memory.buffer, 0, space.used());
  bytes.set(before);
  (wasm[name] as (...all: number[]) => void)(...args, start, end);
  const expected = bytes.slice();
  bytes.set(before);
  native.bind([{ kernel: name, args: [...args, start, end] }], { threads: 1, syncOffset: 0 })();
  const computed = bytes.slice();
  const difference = differenceOf(expected, computed, outputs);
  if (difference !== null) return difference;
  const scratchPlace = (kernelInfo[name].args as readonly string[]).indexOf("scratch");
  const scratch = scratchPlace < 0 ? undefined : args[scratchPlace];
  const [left, right] = [withoutChanges(expected, outputs, scratch), withoutChanges(computed, outputs, scratch)];
  return Buffer.compare(left, right) === 0 ? null : "something else than its outputs was written";
};

const shares = [0, 0.01, 0.3] as const;

/** Compares a native kernel with WebAssembly's on cases of this seed; null where all bits are equal. */
export const compareKernel = (name: KernelName, pair: Pair, seed: number): string | null => {
  for (const make of [kernelCases[name], wideCases[name]]) {
    for (const share of shares) {
      const difference = make === undefined ? null : compareOnce(name, make, pair, seed, share);
      if (difference !== null) return `${name}, seed ${seed}: ${difference}`;
    }
  }
  return null;
};
