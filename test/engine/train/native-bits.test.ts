import { describe, expect, it } from "vitest";
import { findLibrary } from "../../../src/engine/kernels/native/find-library.ts";
import { levelsOf, type NativeLibrary } from "../../../src/engine/kernels/native/library.ts";
import { type RunOptions, runJob } from "./job.ts";
import { digests, jobs } from "./reference-jobs.ts";

const found = await findLibrary();
const path = "path" in found ? found.path : "";
const libraries = ((path === "" ? null : await levelsOf(path)) ?? []).map((level): NativeLibrary => ({ path, level }));
const names = Object.keys(jobs);

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
});
