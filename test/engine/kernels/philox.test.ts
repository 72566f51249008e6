import fc from "fast-check";
import { expect, it } from "vitest";
import { compileKernels, instantiateKernels } from "../../../src/engine/kernels/load.ts";
import { createRandomStream, permutation, philox4x32, seedWords } from "../../../src/engine/kernels/philox.ts";

// Random123 1.14, tests/kat_vectors: philox4x32 10.
it.each([
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
] as [[number, number, number, number], [number, number], number[]][])(
  "has the published words for %j, %j",
  (counter, key, words) => {
    expect(philox4x32(counter, key)).toEqual(words);
  },
);

it("gives in WebAssembly the published words at their place in a long stream", async () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  const wasm = instantiateKernels(await compileKernels(), memory);
  // Counter (block 0x243f6a88, purpose, index), as far into the stream as the start of the range says.
  const block = 0x0000_0100;
  new Uint32Array(memory.buffer, 64, 4).set([0xa4093822, 0x299f31d0, 0x13198a2e, 0x03707344]);
  wasm.randomBits(1024 - block * 16, 64, 0x85a308d3, block * 4, block * 4 + 4);
  const words = Array.from(new Uint32Array(memory.buffer, 1024, 4));
  expect(words).toEqual(philox4x32([block, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]));
});

it("gives a stream whose words are those of the kernel, for indices beyond 32 bits too", async () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  const wasm = instantiateKernels(await compileKernels(), memory);
  const index = 5 * 2 ** 32 + 17;
  const key = { ...seedWords(2 ** 40 + 99), purpose: 3, index };
  new Uint32Array(memory.buffer, 64, 4).set([key.seedLow, key.seedHigh, 17, 5]);
  wasm.randomBits(128, 64, 3, 0, 50);
  const stream = createRandomStream(key);
  expect(Array.from(new Uint32Array(memory.buffer, 128, 50))).toEqual(
    Array.from({ length: 50 }, () => stream.uint32()),
  );
});

it("permutes: every number once, the same for the same key, another for another", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 300 }), (seed, count) => {
      const key = { ...seedWords(seed), purpose: 1, index: 0 };
      const order = permutation(count, key);
      expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      expect(permutation(count, key)).toEqual(order);
      if (count > 20) expect(permutation(count, { ...key, index: 1 })).not.toEqual(order);
    }),
  );
});

it("permutes without bias: each of the 24 orders of four about equally often (chi-squared below its 0.999 quantile)", () => {
  const seen = new Map<string, number>();
  const draws = 24_000;
  for (let index = 0; index < draws; index++) {
    const order = permutation(4, { seedLow: 11, seedHigh: 0, purpose: 2, index }).join();
    seen.set(order, (seen.get(order) ?? 0) + 1);
  }
  expect(seen.size).toBe(24);
  const expected = draws / 24;
  const statistic = [...seen.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  expect(statistic).toBeLessThan(49.7);
});

it("draws normal numbers with mean 0, variance 1 and kurtosis 3", async () => {
  const memory = new WebAssembly.Memory({ initial: 80, maximum: 65536, shared: true });
  const wasm = instantiateKernels(await compileKernels(), memory);
  const count = 1_000_000;
  new Uint32Array(memory.buffer, 64, 4).set([42, 0, 0, 0]);
  wasm.randomNormal(1024, 64, 1, 0, 1, 0, count);
  const z = new Float32Array(memory.buffer, 1024, count);
  const moment = (power: number): number => z.reduce((sum, v) => sum + v ** power, 0) / count;
  expect(Math.abs(moment(1))).toBeLessThan(0.004);
  expect(Math.abs(moment(2) - 1)).toBeLessThan(0.006);
  expect(Math.abs(moment(3))).toBeLessThan(0.01);
  expect(Math.abs(moment(4) - 3)).toBeLessThan(0.04);
});
