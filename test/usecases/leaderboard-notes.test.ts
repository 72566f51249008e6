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
    {
      code: "stopped_trials",
      message: expect.stringMatching(/^2 trials were stopped .* no choice, as 1 trial alone came to/),
    },
  ]);
  const more = (["succeeded", "succeeded", "stopped"] as const).map((state, number) => ({ number, state }) as Trial);
  const [note] = notesOf({ ...compared, trials: more });
  expect(note?.message).toMatch(/^1 trial was stopped .* among the 2 that came to their end alone, and/);
  expect(notesOf({ ...compared, best: { ...best, corrected: null } })).toEqual([]);
  expect(notesOf({ ...compared, trials: trials.slice(0, 1) })).toEqual([]);
});

test("which trials have no rows to compare any more is said of one and of several", () => {
  const order = [0, 1, 2].map((number) => ({ number, state: "succeeded" }) as Trial);
  const messageOf = (left: number[], reference: number) =>
    notesOf({ trials: order, order, scores: left.map((number) => ({ number })), reference, best })[0]?.message;
  expect(messageOf([1, 2], 1)).toMatch(
    /^the model of trial 0 was .*: it has no difference; it is the best, and so .* 1;/,
  );
  expect(messageOf([2], 2)).toMatch(
    /^the models of trials 0, 1 were .*: they have no difference; trial 0, the best, is/,
  );
  expect(messageOf([0, 1], 0)).toMatch(/^the model of trial 2 was .*: it has no difference; keep/);
});
