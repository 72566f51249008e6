import { it } from "vitest";
import { compileKernels, instantiateKernels } from "../../../src/engine/kernels/load.ts";
import { loadNativeKernels } from "../../../src/engine/kernels/native/library.ts";
import { packedElements } from "../../../src/engine/kernels/families/matrix.ts";
it("x", async () => {
  const memory = new WebAssembly.Memory({ initial: 512, maximum: 65536, shared: true });
  new Float32Array(memory.buffer).fill(0.5);
  const wasm = instantiateKernels(await compileKernels(), memory);
  for (const level of ["avx512", "avx2", "wasm"]) {
    const k = level === "wasm" ? null : await loadNativeKernels({ path: "/tmp/n.so", level }, memory);
    for (const [m, n, k_, t] of [[512, 512, 512, 0], [256, 1024, 1024, 0], [1024, 1024, 256, 1], [128, 256, 784, 0], [784, 256, 128, 1], [128, 64, 30, 0], [128, 10, 128, 0], [128, 2, 64, 0],[64,2,128,1], [32, 64, 13, 0], [16, 16, 4, 0]] as const) {
      const [scratch, a] = [65536, 131072];
      const b = a + m * k_ * 4, c = b + n * k_ * 4, packed = c + m * n * 4;
      const pack = [packed, b, k_, n, n, 1, 1, 0, 0, Math.ceil(n / 8)];
      const mul = [c, a, packed, 0, scratch, m, n, k_, t ? 1 : k_, t ? m : 1, n, 0, 0, 0, 0, Math.ceil(m / 4)];
      const runP = k ? k.bind([{ kernel: "packB", args: pack }], { threads: 1, syncOffset: 0 }) : () => (wasm.packB as any)(...pack);
      const runM = k ? k.bind([{ kernel: "gemm", args: mul }], { threads: 1, syncOffset: 0 }) : () => (wasm.gemm as any)(...mul);
      const time = (run: () => unknown) => {
        let best = Infinity;
        for (let r = 0; r < 5; r++) {
          const t0 = performance.now(); let n = 0;
          while (performance.now() - t0 < 30) { run(); n++; }
          best = Math.min(best, (performance.now() - t0) / n);
        }
        return best;
      };
      const [p, g] = [time(runP), time(runM)];
      console.log(level, m, n, k_, t, "pack", (p * 1000).toFixed(2), "us gemm", (g * 1000).toFixed(2), "us", (2 * m * n * k_ / g / 1e6).toFixed(1), "GF");
    }
  }
});
