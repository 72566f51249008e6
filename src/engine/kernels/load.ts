import { readFile } from "node:fs/promises";
import { type KernelName, type Kernels, kernelInfo } from "./interface.ts";

/** Compiles kernels.wasm. Do it once for each process: a module can be posted to threads, which then instantiate it at once. */
export const compileKernels = async (): Promise<WebAssembly.Module> =>
  WebAssembly.compile(await readFile(new URL("./kernels.wasm", import.meta.url)));

/**
 * The kernels over one shared memory (`shared: true, maximum: 65536`). They keep no state of their own, so that any number of threads may hold an
 * instance on the same memory. The functions are the module's own exports: called without an adapter.
 */
export const instantiateKernels = (module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const missing = (Object.keys(kernelInfo) as KernelName[]).filter((name) => typeof exports[name] !== "function");
  if (missing.length > 0) throw new Error(`kernels.wasm has no ${missing.join(", ")}: build it anew`);
  return exports as unknown as Kernels;
};
