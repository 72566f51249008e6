import { expect, test } from "vitest";
import type { BestTrial, Trial } from "../../src/domain/studies/study.ts";
import { notesOf } from "../../src/usecases/studies/leaderboard-notes.ts";

const trials = (["succeeded", "stopped", "stopped", "cancelled"] as const).map(
  (state, number) => ({ number, state }) as Trial,
);
const best: BestTrial = {
  trial: 0,
  job: "job_1" as BestTrial["job"],
  value: 0.2,
  lower: 0.1,
  upper: 0.3,
  corrected: 0.2,
};
const compared = { trials, order: trials.slice(0, 1), scores: [{ number: 0 }], reference: 0, best };

test("where trials were stopped on the way, the correction is said to know of the others alone", () => {
  expect(notesOf(compared)).toEqual([
    { code: "stopped_trials", message: expect.stringMatching(/^2 trials were stopped .* among the 1 that came to/) },
  ]);
  expect(notesOf({ ...compared, best: { ...best, corrected: null } })).toEqual([]);
  expect(notesOf({ ...compared, trials: trials.slice(0, 1) })).toEqual([]);
});
