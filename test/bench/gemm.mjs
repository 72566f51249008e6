// GEMM at 512³ in WebAssembly against what the bare 4 × 8 microkernel can do on this core, measured in turns.
import { performance } from "node:perf_hooks";
import koffi from "koffi";

/** The microkernel alone, on 8 KB that stay in the first-level cache: no packing, no blocks, no edges. */
const microkernel = `
export function peak(a: usize, b: usize, c: usize, depth: u32, rounds: u32): void {
  for (let round: u32 = 0; round < rounds; round++) {
    let c00 = f32x4.splat(0);
    let c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    let p = a;
    let q = b;
    const stop = a + (<usize>depth << 4);
    while (p < stop) {
      const b0 = v128.load(q);
      const b1 = v128.load(q, 16);
      const a0 = v128.load_splat<f32>(p);
      c00 = f32x4.add(c00, f32x4.mul(a0, b0));
      c01 = f32x4.add(c01, f32x4.mul(a0, b1));
      const a1 = v128.load_splat<f32>(p, 4);
      c10 = f32x4.add(c10, f32x4.mul(a1, b0));
      c11 = f32x4.add(c11, f32x4.mul(a1, b1));
      const a2 = v128.load_splat<f32>(p, 8);
      c20 = f32x4.add(c20, f32x4.mul(a2, b0));
      c21 = f32x4.add(c21, f32x4.mul(a2, b1));
      const a3 = v128.load_splat<f32>(p, 12);
      c30 = f32x4.add(c30, f32x4.mul(a3, b0));
      c31 = f32x4.add(c31, f32x4.mul(a3, b1));
      p += 16;
      q += 32;
    }
    v128.store(c, c00);
    v128.store(c, c01, 16);
    v128.store(c, c10, 32);
    v128.store(c, c11, 48);
    v128.store(c, c20, 64);
    v128.store(c, c21, 80);
    v128.store(c, c30, 96);
    v128.store(c, c31, 112);
  }
}`;

const compileMicrokernel = async () => {
  const asc = await import("assemblyscript/asc");
  const { binary, stderr } = await asc.compileString(microkernel, {
    optimizeLevel: 3,
    runtime: "stub",
    enable: ["simd"],
    initialMemory: 1,
    noAssert: true,
  });
  if (!binary) throw new Error(stderr.toString());
  return (await WebAssembly.instantiate(binary)).instance.exports;
};

const rate = (flops, seconds, run) => {
  const startMs = performance.now();
  let runs = 0;
  let takenMs = 0;
  while (takenMs < seconds * 1000) {
    run();
    runs += 1;
    takenMs = performance.now() - startMs;
  }
  return (flops * runs) / takenMs / 1e6;
};

/** OpenBLAS's product of two matrices of its own, on one thread; null where it is not installed. */
const loadBlas = () => {
  try {
    const library = koffi.load("libopenblas.so.0");
    library.func("openblas_set_num_threads", "void", ["int"])(1);
    const pointer = "uintptr_t";
    const types = [
      "int",
      "int",
      "int",
      "int",
      "int",
      "int",
      "float",
      pointer,
      "int",
      pointer,
      "int",
      "float",
      pointer,
      "int",
    ];
    const sgemm = library.func("cblas_sgemm", "void", types);
    const numbers = new Float32Array(3 * 512 * 512).fill(0.5);
    const at = Number(koffi.address(numbers));
    return (n) =>
      sgemm(101, 111, 111, n, n, n, 1, at, n, at + 4 * n * n, n, 0, at + 8 * n * n, numbers.length > 0 ? n : 0);
  } catch {
    return null;
  }
};

/** Sets up both; `run(seconds)` gives their rates in GFLOP/s. */
export const createGemm = async (engine, wanted, limits, size = 512) => {
  const { peak } = await compileMicrokernel();
  const [depth, rounds] = [256, 2000];
  const bytes = size * size * 4;
  const memory = new WebAssembly.Memory({
    initial: Math.ceil((4 * bytes + 131072) / 65536),
    maximum: 65536,
    shared: true,
  });
  new Float32Array(memory.buffer).fill(0.5);
  const [scratch, a, b, c, packed] = [65536, 131072, 131072 + bytes, 131072 + 2 * bytes, 131072 + 3 * bytes];
  const { native } = await engine.chooseKernels(wanted);
  const kernels = await engine.loadEngineKernels({ module: await engine.compileKernels(), native }, memory);
  const pack = [packed, b, size, size, size, 1, 1, 0, 0, size / 8];
  const product = [c, a, packed, 0, scratch, size, size, size, size, 1, size, 0, 0, 0, 0, size / 4];
  const calls = [
    { kernel: "packB", args: pack },
    { kernel: "gemm", args: product },
  ];
  const multiply =
    kernels.native?.bind(calls, { threads: 1, syncOffset: 0 }) ??
    (() => {
      kernels.wasm.packB(...pack);
      kernels.wasm.gemm(...product);
    });
  const blas = loadBlas();
  return {
    kernelName: native?.level ?? "wasm",
    run: (seconds) => ({
      gemm: rate(2 * size ** 3, seconds, multiply),
      peak:
        native && limits
          ? rate(limits.flops, seconds, limits.exact)
          : rate(2 * 4 * 8 * depth * rounds, seconds, () => peak(1024, 8192, 32768, depth, rounds)),
      blas: blas && rate(2 * size ** 3, seconds, () => blas(size)),
    }),
  };
};
