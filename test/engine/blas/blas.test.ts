import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBlasKernels } from "../../../src/engine/blas/blas-kernels.ts";
import { coreTypeFor, findBlas, loadBlas } from "../../../src/engine/blas/blas-library.ts";
import { tilesOf } from "../../../src/engine/blas/tiles.ts";
import { activationCodes } from "../../../src/engine/kernels/families/activations.ts";
import { compileKernels, instantiateKernels } from "../../../src/engine/kernels/load.ts";

const blas = await loadBlas();
const compiled = await compileKernels();

const shapes = fc.record({
  m: fc.integer({ min: 1, max: 70 }),
  n: fc.integer({ min: 1, max: 70 }),
  k: fc.integer({ min: 1, max: 70 }),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  accumulate: fc.boolean(),
  withBias: fc.boolean(),
  activation: fc.constantFrom("identity", "relu" as const),
});

/** A memory with A, B, C, bias and scratch, filled by a small generator. */
const createProduct = (m: number, n: number, k: number) => {
  const memory = new WebAssembly.Memory({ initial: 1024, maximum: 65536, shared: true });
  const floats = new Float32Array(memory.buffer);
  const sizes = [m * k, k * n, m * n, n];
  const offsets: number[] = [];
  let at = 1024;
  for (const size of sizes) {
    offsets.push(at);
    for (let i = 0; i < size; i++) floats[at / 4 + i] = Math.sin(i * 12.9898 + at) * 2;
    at = Math.ceil((at + size * 4) / 64) * 64;
  }
  const [a, b, c, bias] = offsets as [number, number, number, number];
  const view = (offset: number, size: number) => floats.subarray(offset / 4, offset / 4 + size);
  return { memory, a, b, c, bias, scratch: at, view };
};

describe.skipIf(blas === null)("sgemm by the machine's BLAS", () => {
  it("is the product, of any shape and either operand transposed, with bias, activation and what C held", () => {
    fc.assert(
      fc.property(shapes, ({ m, n, k, transposeA, transposeB, accumulate, withBias, activation }) => {
        const { memory, a, b, c, bias, scratch, view } = createProduct(m, n, k);
        const kernels = createBlasKernels(blas!, memory, instantiateKernels(compiled, memory));
        const before = view(c, m * n).slice();
        const [aRow, aColumn] = transposeA ? [1, m] : [k, 1];
        const [bRow, bColumn] = transposeB ? [1, k] : [n, 1];
        kernels.sgemm(
          c,
          a,
          b,
          withBias ? bias : 0,
          scratch,
          m,
          n,
          k,
          aRow,
          aColumn,
          bRow,
          bColumn,
          n,
          accumulate ? 1 : 0,
          activationCodes[activation],
          0,
          0,
          tilesOf(m, n, k).count,
        );
        const [x, y, z] = [view(a, m * k), view(b, k * n), view(bias, n)];
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            let sum = (accumulate ? before[i * n + j]! : 0) + (withBias ? z[j]! : 0);
            for (let l = 0; l < k; l++) sum += x[i * aRow + l * aColumn]! * y[l * bRow + j * bColumn]!;
            const wanted = activation === "relu" ? Math.max(0, sum) : sum;
            expect(Math.abs(view(c, m * n)[i * n + j]! - wanted)).toBeLessThan(1e-5 * (k + 4));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("gives the same bits whichever thread computes which tile", () => {
    const [m, n, k] = [512, 256, 256];
    const { memory, a, b, c, scratch, view } = createProduct(m, n, k);
    const kernels = createBlasKernels(blas!, memory, instantiateKernels(compiled, memory));
    const run = (start: number, end: number) =>
      kernels.sgemm(c, a, b, 0, scratch, m, n, k, k, 1, n, 1, n, 0, 0, 0, start, end);
    const { count } = tilesOf(m, n, k);
    expect(count).toBeGreaterThan(3);
    run(0, count);
    const whole = view(c, m * n).slice();
    view(c, m * n).fill(0);
    run(2, count);
    run(1, 2);
    run(0, 1);
    expect(view(c, m * n)).toEqual(whole);
  });

  it("says which library, version and core type compute", async () => {
    const found = await findBlas();
    expect(found).toEqual({ library: expect.any(String), version: expect.any(String), coreType: expect.any(String) });
    if (found!.library.includes("openblas")) expect(found!.version).toMatch(/^\d+\.\d+/);
  });
});

describe("the search for a BLAS", () => {
  it("finds none where there is none", async () => {
    expect(await findBlas("libno-such-blas.so.0")).toBeNull();
  });

  it("does not take a library without the C interface", async () => {
    expect(await findBlas(process.platform === "darwin" ? "/usr/lib/libSystem.dylib" : "libc.so.6")).toBeNull();
  });

  it("tells OpenBLAS of AVX-512 where all the flags that its kernels need are there", () => {
    expect(coreTypeFor("flags\t\t: fpu avx2 avx512f avx512dq avx512cd avx512bw avx512vl sse")).toBe("SkylakeX");
    expect(coreTypeFor("flags\t\t: fpu avx2 avx512f")).toBeNull();
    expect(coreTypeFor("")).toBeNull();
  });
});

describe("the tiles of a product", () => {
  it("cover the output exactly once, and depend on the shape alone", () => {
    const side = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(side, side, side, (m, n, k) => {
        const { rows, columns, count } = tilesOf(m, n, k);
        expect(Math.ceil(m / rows) * Math.ceil(n / columns)).toBe(count);
        expect(rows === m || columns === n).toBe(true);
      }),
    );
  });

  it("are one for a small product, and several for a large one", () => {
    expect(tilesOf(128, 128, 128).count).toBe(1);
    expect(tilesOf(1024, 1024, 256).count).toBe(8);
  });
});
