import type { Kernels } from "./interface.ts";
import { instantiateKernels } from "./load.ts";
import { loadNativeKernels, type NativeKernels, type NativeLibrary } from "./native/library.ts";

/** What each thread makes its kernels from: a plain value that can be posted. */
export interface KernelSource {
  /** kernels.wasm, compiled once for the process, with whatever the compiler has made faster since. */
  readonly module: WebAssembly.Module;
  readonly native: NativeLibrary | null;
}

/** One thread's kernels over one memory. Both kinds compute the same bits; what has no native form runs in WebAssembly. */
export interface EngineKernels {
  readonly wasm: Kernels;
  readonly native: NativeKernels | null;
}

export const loadEngineKernels = async (
  { module, native }: KernelSource,
  memory: WebAssembly.Memory,
): Promise<EngineKernels> => ({
  wasm: instantiateKernels(module, memory),
  native: native === null ? null : await loadNativeKernels(native, memory),
});

/** In a few words, as a job's record and the metrics show it. */
export const showKernels = (native: NativeLibrary | null): string =>
  native === null ? "WebAssembly kernels" : `native kernels (${native.level})`;
