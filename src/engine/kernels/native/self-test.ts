import type { ClusteringKernelName } from "../clustering/clustering-kernels.ts";
import { compareClusteringKernel } from "../clustering/compare-clustering.ts";
import { loadClusteringKernels } from "../clustering/load-clustering-kernels.ts";
import { type KernelName, kernelInfo } from "../interface.ts";
import { compileKernels } from "../load.ts";
import { compareKernel, openPair } from "./compare.ts";
import type { NativeLibrary } from "./library.ts";

const seeds = [1, 2, 3, 4];

/** Compares every kernel of a library with WebAssembly's, or with the one in JavaScript, to the bit, on odd shapes and odd numbers. Gives the first difference, or null. */
export const testLibrary = async (library: NativeLibrary): Promise<string | null> => {
  const pair = await openPair(await compileKernels(), library);
  for (const name of Object.keys(kernelInfo) as KernelName[]) {
    for (const seed of pair.native.has(name) ? seeds : []) {
      const difference = compareKernel(name, pair, seed);
      if (difference !== null) return difference;
    }
  }
  const clustering = await loadClusteringKernels(library);
  for (const name of Object.keys(clustering) as ClusteringKernelName[]) {
    for (const seed of seeds) {
      const difference = compareClusteringKernel(name, clustering, seed);
      if (difference !== null) return difference;
    }
  }
  return null;
};
