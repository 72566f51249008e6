// The limits of this core, measured on the spot: GFLOP/s of the microkernel with multiply and add apart (what exact kernels can reach) and fused, GB/s of
// reading memory. Null without a C compiler.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import koffi from "koffi";

const source = fileURLToPath(new URL("limits.c", import.meta.url));
const compiler = "/usr/bin/cc";

const build = () => {
  const folder = mkdtempSync(join(tmpdir(), "descent-limits-"));
  // Each product stands before its sum, as written: in another order a Zen 4 is a tenth slower.
  const order = ["-falign-loops=64", "-fno-schedule-insns2", "-Wno-ignored-optimization-argument"];
  const flags = ["-O3", ...order, "-march=native", "-mprefer-vector-width=512", "-fPIC", "-c", source];
  const [apart, fused, library] = ["apart.o", "fused.o", "limits.so"].map((name) => join(folder, name));
  const supported = process.arch === "x64" ? flags : flags.filter((flag) => !flag.startsWith("-mprefer"));
  execFileSync(compiler, [...supported, "-ffp-contract=off", "-o", apart]);
  execFileSync(compiler, [...supported, "-ffp-contract=fast", "-DFUSED", "-o", fused]);
  execFileSync(compiler, ["-shared", "-o", library, apart, fused]);
  const loaded = koffi.load(library);
  rmSync(folder, { recursive: true });
  return loaded;
};

/** The best of some turns: what the core can do, not what others leave of it. */
const bestOf = (turns, run) => {
  let best = 0;
  for (let turn = 0; turn < turns; turn++) {
    const startMs = performance.now();
    const work = run();
    best = Math.max(best, work / (performance.now() - startMs) / 1e6);
  }
  return best;
};

export const measureLimits = () => {
  if (!existsSync(compiler)) return null;
  const library = build();
  const step = library.func("flops_of_step", "long", [])();
  const readAll = library.func("read_all", "float", ["uintptr_t", "long"]);
  const large = new Float32Array(64 * 2 ** 20).fill(0.5);
  const address = Number(koffi.address(large));
  const [depth, rounds] = [128, 20_000];
  const apart = library.func("apart", "float", ["uintptr_t", "uintptr_t", "long", "long"]);
  const fused = library.func("fused", "float", ["uintptr_t", "uintptr_t", "long", "long"]);
  const peak = (kernel) =>
    bestOf(7, () => {
      kernel(address, address + 65536, depth, rounds);
      return step * depth * rounds;
    });
  return {
    exact: () => apart(address, address + 65536, depth, rounds),
    flops: step * depth * rounds,
    processor: cpus()[0].model,
    exactGflops: peak(apart),
    fusedGflops: peak(fused),
    gigabytesPerSecond: bestOf(5, () => {
      readAll(address, large.length);
      return large.byteLength;
    }),
  };
};

/** Bytes of memory that the calls touch, each counted once. */
const bytesOf = (calls) => {
  const ranges = calls.flatMap(({ reads, writes }) => [...reads, ...writes]).sort((a, b) => a.start - b.start);
  let [bytes, end] = [0, 0];
  for (const range of ranges) {
    bytes += Math.max(0, range.end - Math.max(end, range.start));
    end = Math.max(end, range.end);
  }
  return bytes;
};

/** Samples per second that a workload could make at most: by exact and by fused arithmetic on all its threads, and by memory where it does not fit into the caches. */
export const limitOf = (limits, { calls, threads, batch, flopsPerSample }) => ({
  arithmetic: (limits.exactGflops * 1e9 * threads) / flopsPerSample,
  fused: (limits.fusedGflops * 1e9 * threads) / flopsPerSample,
  memory: (limits.gigabytesPerSecond * 1e9 * batch) / bytesOf(calls),
});
