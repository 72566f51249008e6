import { expect, test } from "vitest";
import { longestSilenceMs } from "../../../workers/trainer/longest-silence.ts";

test("ordinary jobs may be silent for as long as the operator says, those of large steps for longer", () => {
  expect(longestSilenceMs({ flopsPerStep: 1e6, stepsPerEpoch: 100 }, 30_000)).toBe(30_000);
  // One step of 200 GFLOP takes a busy core minutes.
  expect(longestSilenceMs({ flopsPerStep: 2e11, stepsPerEpoch: 1 }, 30_000)).toBeGreaterThan(200_000);
  // So does the last look at a hundred thousand batches.
  expect(longestSilenceMs({ flopsPerStep: 1e7, stepsPerEpoch: 1e5 }, 30_000)).toBeGreaterThan(300_000);
});
