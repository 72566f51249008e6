import { type ArrayArgument, loadArrayKernels, type NativeLibrary } from "../native/library.ts";
import type { ClusteringKernelName, ClusteringKernels } from "./clustering-kernels.ts";
import { lloydLoops } from "./lloyd-loops.ts";
import { mixtureLoops } from "./mixture-loops.ts";

/** All in JavaScript: what others must give the bits of. */
export const clusteringLoops: ClusteringKernels = { ...lloydLoops, ...mixtureLoops };

/** Those of the library where there is one, for the calling thread; what it has not stays in JavaScript. */
export const loadClusteringKernels = async (native: NativeLibrary | null): Promise<ClusteringKernels> => {
  if (native === null) return clusteringLoops;
  const library = await loadArrayKernels(native);
  const names = Object.keys(clusteringLoops) as ClusteringKernelName[];
  const bound = names
    .filter((name) => library.has(name))
    .map((name) => [name, (...args: ArrayArgument[]) => library.call(name, args)]);
  return { ...clusteringLoops, ...Object.fromEntries(bound) };
};
