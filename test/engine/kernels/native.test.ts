import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { ClusteringKernelName } from "../../../src/engine/kernels/clustering/clustering-kernels.ts";
import { compareClusteringKernel } from "../../../src/engine/kernels/clustering/compare-clustering.ts";
import {
  clusteringLoops,
  loadClusteringKernels,
} from "../../../src/engine/kernels/clustering/load-clustering-kernels.ts";
import { type KernelName, kernelInfo } from "../../../src/engine/kernels/interface.ts";
import { compileKernels } from "../../../src/engine/kernels/load.ts";
import { compareKernel, openPair, type Pair } from "../../../src/engine/kernels/native/compare.ts";
import { findLibrary } from "../../../src/engine/kernels/native/find-library.ts";
import { levelsOf } from "../../../src/engine/kernels/native/library.ts";

const found = await findLibrary();
const levels = "path" in found ? ((await levelsOf(found.path)) ?? []) : [];
const names = Object.keys(kernelInfo) as KernelName[];
const clusteringNames = Object.keys(clusteringLoops) as ClusteringKernelName[];
const runs = Number(process.env.KERNEL_RUNS ?? 12);

describe.skipIf(levels.length === 0).each(levels)("the native kernels for %s", (level) => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await openPair(await compileKernels(), { path: "path" in found ? found.path : "", level });
  });

  it.each(names)("%s gives the bits of kernels.wasm and writes nothing else", (name) => {
    // A kernel without a native form stays in WebAssembly.
    if (!pair.native.has(name)) return;
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        expect(compareKernel(name, pair, seed)).toBeNull();
      }),
      { numRuns: runs },
    );
  });

  it.each(clusteringNames)("%s gives the bits of JavaScript and writes nothing else", async (name) => {
    const kernels = await loadClusteringKernels({ path: "path" in found ? found.path : "", level });
    expect(kernels[name], "is in the library").not.toBe(clusteringLoops[name]);
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        expect(compareClusteringKernel(name, kernels, seed)).toBeNull();
      }),
      { numRuns: runs },
    );
  });

  it("tell what a barrier between two threads takes", () => {
    expect(pair.native.timeBarrier()).toBeGreaterThan(0);
  });

  it("are all there, but for those that only networks from files ask for", () => {
    const inWebAssembly = [
      ...["hardSigmoid", "hardSigmoidGrad", "hardSwish", "hardSwishGrad", "erf", "erfGrad"],
      ...["swapAxes", "repeatRows", "sumRepeated", "gemmBatched"],
    ];
    expect(names.filter((name) => !pair.native.has(name))).toEqual(inWebAssembly);
  });
});
