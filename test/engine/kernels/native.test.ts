import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type KernelName, type Kernels, kernelInfo } from "../../../src/engine/kernels/interface.ts";
import { compileKernels, instantiateKernels } from "../../../src/engine/kernels/load.ts";
import { levelsOf, loadNativeKernels, type NativeKernels } from "../../../src/engine/kernels/native/library.ts";
import { bytesOf, type Case, createSpace, memoryBytes, type Output, type Space } from "./case.ts";
import { kernelCases } from "./kernel-cases.ts";

const path = "/tmp/n.so";
const levels = (await levelsOf(path)) ?? [];
const names = Object.keys(kernelCases) as KernelName[];
const memory = new WebAssembly.Memory({ initial: memoryBytes / 65536, maximum: 65536, shared: true });
const wasm: Kernels = instantiateKernels(await compileKernels(), memory);
const runs = Number(process.env.KERNEL_RUNS ?? 40);

/** Values where rounding, the sign of zero, denormals, overflow or NaN would show a different order or operation. */
const odd = [0, -0, 1e-45, -3e-42, 1.2e-38, -1e38, 3.4e38, Infinity, -Infinity, NaN, 1, -1, 88.8, -87.4];

/** Puts odd values into some of the real inputs. */
const spoil = (space: Space, share: number): void => {
  const reals = new Float32Array(space.buffer, 0, Math.floor(space.used() / 4));
  const count = Math.ceil(reals.length * share);
  for (let i = 0; i < count; i++) {
    const place = space.size(16, reals.length - 1);
    const value = reals[place]!;
    // Only what is a real number of a case: labels, indices and hyper-parameters are left alone.
    if (Math.abs(value) > 1e-6 && Math.abs(value) < 300) reals[place] = odd[space.size(0, odd.length - 1)]!;
  }
};

const sameBits = (a: Uint8Array, b: Uint8Array, outputs: readonly Output[]): string | null => {
  for (const { pointer, count, type } of outputs) {
    const [x, y] = [a, b].map((bytes) => {
      const copy = bytes.slice(pointer, pointer + count * bytesOf[type]).buffer;
      return type === "real" ? new Float32Array(copy) : type === "integer" ? new Int32Array(copy) : new Float64Array(copy);
    }) as [Float32Array, Float32Array];
    for (let i = 0; i < count; i++) if (!Object.is(x[i], y[i])) return `element ${i} of ${count}: ${x[i]} and ${y[i]}`;
  }
  return null;
};

describe.each(levels)("the native kernels for %s", (level) => {
  let native: NativeKernels;
  beforeAll(async () => {
    native = await loadNativeKernels({ path, level }, memory);
  });
  describe.each(names)("%s", (name) => {
    const compare = (seed: number, share: number) => {
      const space = createSpace(seed);
      const made: Case = kernelCases[name](space);
      if (share > 0) spoil(space, share);
      const start = space.size(0, 2) === 0 ? space.size(0, made.units) : 0;
      const end = space.size(0, 2) === 0 ? space.size(start, made.units) : made.units;
      const before = new Uint8Array(space.buffer, 0, space.used());
      const bytes = new Uint8Array(memory.buffer, 0, space.used());
      bytes.set(before);
      (wasm[name] as (...all: number[]) => void)(...made.args, start, end);
      const expected = bytes.slice();
      bytes.set(before);
      native.bind([{ kernel: name, args: [...made.args, start, end] }], { threads: 1, syncOffset: 0 })();
      const computed = bytes.slice();
      expect(sameBits(expected, computed, made.outputs)).toBeNull();
      const place = (kernelInfo[name].args as readonly string[]).indexOf("scratch");
      if (place >= 0) for (const b of [expected, computed]) b.fill(0, made.args[place]!, made.args[place]! + 65536);
      for (const b of [expected, computed]) for (const o of made.outputs) b.fill(0, o.pointer, o.pointer + o.count * bytesOf[o.type]);
      expect(Buffer.compare(expected, computed)).toBe(0);
    };
    it("gives the bits of kernels.wasm", () => {
      if (!native.has(name)) return;
      fc.assert(fc.property(fc.nat(), fc.constantFrom(0, 0.01, 0.3), compare), { numRuns: runs });
    });
  });
});
