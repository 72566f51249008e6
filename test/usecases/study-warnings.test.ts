import { describe, expect, test } from "vitest";
import { createSpecErrors } from "../../src/domain/jobs/spec/spec-errors.ts";
import type { ResolvedStudySpec } from "../../src/domain/studies/study-spec.ts";
import { readSpace } from "../../src/search/read-space.ts";
import { studyWarnings } from "../../src/usecases/studies/planning/study-warnings.ts";

const space = { "/optimizer/learningRate": { min: 1e-4, max: 0.1, scale: "log" }, "/training/l2": { min: 0, max: 1 } };

const warningsOf = (study: object, asked: { job?: object; hasSpace?: boolean } = {}): string[] => {
  const common = { sampler: { type: "tpe" }, pruner: { type: "none" }, job: {}, seeds: 1, trials: 50, guesses: [] };
  const spec = { ...common, space, ...study } as unknown as ResolvedStudySpec;
  return studyWarnings(spec, readSpace(spec.space, createSpecErrors()), { job: {}, hasSpace: true, ...asked });
};

describe("a plan of a study warns", () => {
  const grid = { type: "grid", points: 5 };

  test("of a grid with more points than trials, and names both numbers", () => {
    expect(warningsOf({ sampler: grid, trials: 24 })).toEqual([
      "the grid has 25 points, and the study 24 trials: which points are tried is drawn by the seed; to try all of them, set `trials` to 25, or take fewer points",
    ]);
    expect(warningsOf({ sampler: grid, trials: 25 })).toEqual([]);
    expect(warningsOf({ sampler: { type: "sobol" }, trials: 1 })).toEqual([]);
    const [guessed] = warningsOf({ sampler: grid, trials: 26, guesses: [{}, {}] });
    expect(guessed).toMatch(/25 points, and the study 26 trials, 2 of them guesses: .* `trials` to 27/);
    const [huge] = warningsOf({ sampler: { type: "grid", points: 100 } });
    expect(huge).toMatch(/^the grid has 10000 points, and the study 50 trials: .* all of them, take fewer points$/);
  });

  test("of a race that begins after the last fold or seed", () => {
    const pruner = { type: "racing", first: 3 };
    expect(warningsOf({ pruner, seeds: 3 })).toEqual([
      "the race stops no trial: it begins after 3 of 3 folds or seeds, when nothing is left to save; set `pruner.first` to less, or take more of them",
    ]);
    expect(warningsOf({ pruner, seeds: 4 })).toEqual([]);
    const folds = { job: { training: { crossValidation: { folds: 2 } } }, pruner: { type: "racing", first: 2 } };
    expect(warningsOf(folds)[0]).toMatch(/after 2 of 2 .* save; take more of them$/);
  });

  test("of what the template states and trials do not have", () => {
    const job = { name: "mine", labels: { study: "a", seed: "b", own: "c" }, training: { l2: 0.5 } };
    expect(warningsOf({}, { job }).map((warning) => warning.split(" ")[0])).toEqual(["/job/name", "/job/labels/study"]);
    expect(warningsOf({ seeds: 2 }, { job: { labels: { seed: "b" } } })[0]).toMatch(/^\/job\/labels\/seed is not used/);
    expect(warningsOf({}, { job: { training: { l2: 0.5 } }, hasSpace: false })).toEqual([
      "/job/training/l2 is not used: without a `space` of your own it is searched; to keep it, name a space without it",
    ]);
  });
});
