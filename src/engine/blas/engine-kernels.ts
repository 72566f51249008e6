import { ServiceError } from "../../domain/errors.ts";
import type { Kernels } from "../kernels/interface.ts";
import { instantiateKernels } from "../kernels/load.ts";
import { type BlasKernels, createBlasKernels } from "./blas-kernels.ts";
import { loadBlas } from "./blas-library.ts";

export type Backend = "wasm" | "blas";

/** What a plan's calls name: the WebAssembly kernels, and BLAS's where the plan was made for it. */
export type EngineKernels = Kernels & Partial<BlasKernels>;

/**
 * One thread's kernels over a job's memory. ServiceError `unprocessable` when BLAS is asked for where there is none: validation asks findBlas() before, so
 * that this only happens when a job moves to another machine.
 */
export const createEngineKernels = async (
  backend: Backend,
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<EngineKernels> => {
  const kernels = instantiateKernels(module, memory);
  if (backend === "wasm") return kernels;
  const blas = await loadBlas();
  if (!blas)
    throw new ServiceError("unprocessable", "this machine has no BLAS library: use backend wasm, or install OpenBLAS");
  return { ...kernels, ...createBlasKernels(blas, memory, kernels) };
};
