import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  bytesOf,
  type Case,
  createSpace,
  memoryBytes,
  type Output,
  outputBytes,
  type Space,
  ulpOf,
} from "../../../src/engine/kernels/cases/case.ts";
import { kernelCases } from "../../../src/engine/kernels/cases/kernel-cases.ts";
import { type KernelName, type Kernels, kernelInfo } from "../../../src/engine/kernels/interface.ts";
import { compileKernels, instantiateKernels } from "../../../src/engine/kernels/load.ts";
import { createReferenceKernels } from "../../../src/engine/kernels/reference.ts";

const names = Object.keys(kernelCases) as KernelName[];

const memory = new WebAssembly.Memory({ initial: memoryBytes / 65536, maximum: 65536, shared: true });
const truthBuffer = new ArrayBuffer(memoryBytes);
const truth = createReferenceKernels(truthBuffer, 4);
let wasm: Kernels;
beforeAll(async () => {
  wasm = instantiateKernels(await compileKernels(), memory);
});

const call = (kernels: Kernels, name: KernelName, args: readonly number[], start: number, end: number): void => {
  (kernels[name] as (...all: number[]) => void)(...args, start, end);
};

/** The memory after the kernel ran on `space` over these ranges, in this order. */
const run = (
  name: KernelName,
  space: Space,
  { args }: Case,
  ranges: readonly (readonly [number, number])[],
): Uint8Array => {
  const bytes = new Uint8Array(memory.buffer, 0, space.used());
  bytes.set(new Uint8Array(space.buffer, 0, space.used()));
  for (const [start, end] of ranges) call(wasm, name, args, start, end);
  return bytes.slice();
};

/** The range [0, units) cut at random places, the pieces in random order; some pieces are empty. */
const cut = (space: Space, units: number): [number, number][] => {
  const bounds = [0, units, ...Array.from({ length: space.size(1, 4) }, () => space.size(0, units))].sort(
    (a, b) => a - b,
  );
  const pieces = bounds.slice(1).map((end, i): [number, number] => [bounds[i] as number, end]);
  return pieces
    .map((piece) => ({ piece, key: space.between(0, 1) }))
    .sort((a, b) => a.key - b.key)
    .map(({ piece }) => piece);
};

const read = (bytes: Uint8Array, { pointer, count, type }: Output): ArrayLike<number> => {
  const copy = bytes.slice(pointer, pointer + count * bytesOf[type]).buffer;
  return type === "real" ? new Float32Array(copy) : type === "integer" ? new Int32Array(copy) : new Float64Array(copy);
};

/** The largest error of an output in ulps, or a complaint. */
const worstError = (computed: Uint8Array, expected: Uint8Array, output: Output): number => {
  const [values, truths] = [read(computed, output), read(expected, output)];
  let worst = 0;
  for (let i = 0; i < output.count; i++) {
    const [value, right] = [values[i] as number, truths[i] as number];
    if (Object.is(value, right) || value === right) continue;
    worst = Math.max(worst, Math.abs(value - right) / ulpOf(Math.max(Math.abs(right), output.floor)));
    if (Number.isNaN(worst)) return Number.POSITIVE_INFINITY;
  }
  return worst;
};

/** Which bytes a case may change: its outputs and the scratch. */
const untouched = (bytes: Uint8Array, before: Uint8Array, { outputs }: Case, scratch: number | undefined): boolean => {
  const masked = bytes.slice();
  for (const o of outputs) masked.set(before.subarray(o.pointer, o.pointer + o.count * bytesOf[o.type]), o.pointer);
  if (scratch !== undefined) masked.set(before.subarray(scratch, scratch + 65536), scratch);
  return Buffer.compare(masked, before) === 0;
};

/** Where the thread's scratch stands among a kernel's arguments, or −1. */
const scratchPlace = (name: KernelName): number => (kernelInfo[name].args as readonly string[]).indexOf("scratch");

const runs = Number(process.env.KERNEL_RUNS ?? 40);

describe.each(names)("%s", (name) => {
  const property = (check: (space: Space, made: Case) => void) =>
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const space = createSpace(seed);
        check(space, kernelCases[name](space));
      }),
      { numRuns: runs },
    );

  it("is within its bound of the truth and writes nothing else", () => {
    property((space, made) => {
      const before = new Uint8Array(space.buffer, 0, space.used());
      const computed = run(name, space, made, [[0, made.units]]);
      new Uint8Array(truthBuffer).set(before);
      call(truth, name, made.args, 0, made.units);
      const expected = new Uint8Array(truthBuffer, 0, space.used());
      for (const output of made.outputs)
        expect(worstError(computed, expected, output)).toBeLessThanOrEqual(output.ulps);
      const place = scratchPlace(name);
      expect(untouched(computed, before, made, place < 0 ? undefined : made.args[place])).toBe(true);
    });
  });

  it("gives the same bits however its range is cut", () => {
    property((space, made) => {
      const whole = run(name, space, made, [[0, made.units]]);
      const pieces = run(name, space, made, cut(space, made.units));
      expect(Buffer.compare(outputBytes(whole, made.outputs), outputBytes(pieces, made.outputs))).toBe(0);
    });
  });
});
