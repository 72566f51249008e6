import { ServiceError } from "../../domain/errors.ts";
import type { Kernels } from "../kernels/interface.ts";
import { instantiateKernels } from "../kernels/load.ts";
import { type BlasKernels, createBlasKernels } from "./blas-kernels.ts";
import { type BlasIdentity, loadBlas } from "./blas-library.ts";

export type Backend = "wasm" | "blas";

/** What a plan's calls name: the WebAssembly kernels, and BLAS's where the plan was made for it. */
export type EngineKernels = Kernels & Partial<BlasKernels>;

/** One thread's kernels, and the library behind them. */
export interface LoadedKernels {
  readonly kernels: EngineKernels;
  readonly blas: BlasIdentity | null;
}

/**
 * One thread's kernels over a job's memory. ServiceError `unprocessable` when BLAS is asked for where there is none: findBlas() is asked before a job is
 * accepted, so that this only happens when the job moves to another machine.
 */
export const loadEngineKernels = async (
  backend: Backend,
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<LoadedKernels> => {
  const kernels = instantiateKernels(module, memory);
  if (backend === "wasm") return { kernels, blas: null };
  const blas = await loadBlas();
  if (!blas)
    throw new ServiceError("unprocessable", "this machine has no BLAS library: use backend wasm, or install OpenBLAS");
  return { kernels: { ...kernels, ...createBlasKernels(blas, memory, kernels) }, blas };
};
