import { describe, expect, it } from "vitest";
import { type ClusteringOptions, controls } from "../../../src/engine/cluster/clustering.ts";
import { fitClustering } from "../../../src/engine/cluster/fit-clustering.ts";
import type { ClusteringSpec } from "../../../src/engine/cluster/plan-clustering.ts";
import { loadClusteringKernels } from "../../../src/engine/kernels/clustering/load-clustering-kernels.ts";
import { findLibrary } from "../../../src/engine/kernels/native/find-library.ts";
import { levelsOf, type NativeLibrary } from "../../../src/engine/kernels/native/library.ts";
import { blobs, inBlocks, prepare, resultBits, stopAfter, toSpec, undisturbed } from "../cluster/iris.ts";
import { type RunOptions, runJob } from "./job.ts";
import { digests, jobs } from "./reference-jobs.ts";

const found = await findLibrary();
const path = "path" in found ? found.path : "";
const libraries = ((path === "" ? null : await levelsOf(path)) ?? []).map((level): NativeLibrary => ({ path, level }));
const names = Object.keys(jobs);

const clusteredSpecs = [
  toSpec({ type: "k_means", clusters: { from: 1, to: 5 }, restarts: 2 }),
  ...(["full", "tied", "diagonal", "spherical"] as const).map((covariance) =>
    toSpec(
      { type: "gaussian_mixture", components: { from: 1, to: 4 }, covariance, regularization: 1e-6, restarts: 2 },
      { epochs: 20 },
    ),
  ),
];

/** Of more rows and columns than are computed side by side, in the planned memory or some of them at a time beside it. */
const cluster = async (spec: ClusteringSpec, options: Partial<ClusteringOptions>, blockRows = 0) => {
  const points = blobs(
    Array.from({ length: 5 }, (_, c) => Array.from({ length: 19 }, (_, j) => Math.abs(c * 7 - j * 2) % 5)),
    61,
    2,
  );
  const { plan, memory } = prepare(spec, points, { validation: 40, test: 3 });
  const tables = blockRows === 0 ? {} : { tables: inBlocks(plan, memory.buffer, blockRows) };
  return fitClustering(plan, { ...memory, ...tables }, { ...undisturbed(), ...options });
};

const run = (name: string, options: RunOptions) => {
  const { spec, shape, classes } = jobs[name]!;
  return runJob(spec, shape, { ...(classes === undefined ? {} : { classes }), ...options });
};

describe.skipIf(libraries.length === 0).each(libraries)("with native kernels ($level)", (native) => {
  it.each(names)("%s has the recorded digest, on 1 to 4 threads", async (name) => {
    for (const threads of [1, 2, 3, 4])
      expect((await run(name, { native, threads })).digest, `${threads} threads`).toBe(digests[name]);
  });

  it.each(names)("%s has it too when it goes on in WebAssembly, and the other way round", async (name) => {
    for (const [first, second] of [
      [native, null],
      [null, native],
    ]) {
      const begun = await run(name, { native: first ?? null, threads: 2, stopAfterSteps: 3 });
      expect(begun.result.outcome).toBe("paused");
      const ended = await run(name, { native: second ?? null, threads: 1, resume: begun.result.state });
      expect(ended.digest).toBe(digests[name]);
    }
  });

  it.each(clusteredSpecs)(
    "$model.type $model.covariance comes to the bits of JavaScript, wherever its rows lie",
    async (spec) => {
      const kernels = await loadClusteringKernels(native);
      const expected = resultBits(await cluster(spec, {}));
      expect(resultBits(await cluster(spec, { kernels }))).toEqual(expected);
      expect(resultBits(await cluster(spec, { kernels }, 37))).toEqual(expected);
    },
  );

  it.each(clusteredSpecs)(
    "$model.type $model.covariance does too when it goes on in JavaScript, and the other way round",
    async (spec) => {
      const kernels = await loadClusteringKernels(native);
      const expected = resultBits(await cluster(spec, {}));
      for (const [first, second] of [
        [{ kernels }, {}],
        [{}, { kernels }],
      ]) {
        const begun = await cluster(spec, { ...first, ...stopAfter(9, controls.pause) });
        expect(begun.outcome).toBe("paused");
        expect(resultBits(await cluster(spec, { ...second, resume: begun.state }))).toEqual(expected);
      }
    },
  );
});
