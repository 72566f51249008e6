import { expect, test } from "vitest";
import type { Study, Trial } from "../../src/domain/studies/study.ts";
import { dimensionsOf, proposedPoint } from "../../src/usecases/studies/course/next-trial.ts";
import { seenNow } from "../../src/usecases/studies/course/seen.ts";

const rate = "/optimizer/learningRate";
const study = {
  epochs: 16,
  spec: {
    ...{
      sampler: { type: "tpe" },
      seed: 7,
      guesses: [],
      trials: 40,
      space: { [rate]: { min: 1e-4, max: 0.1, scale: "log" } },
    },
    ...{ objective: { metric: "validationLoss", direction: "minimize" } },
    pruner: { type: "asha", minEpochs: 1, reduction: 4, brackets: 1 },
  },
} as unknown as Study;

/** After one epoch the fourth rate looks best, after four the eighteenth; a third of the trials came so far. */
const trials = Array.from({ length: 24 }, (_, number) => {
  const far = number % 3 === 0;
  const after = (epochs: number, best: number) => ({ epochs, value: Math.abs(number - best) / 10 });
  return {
    ...{ number, state: "waiting", point: { [rate]: 1e-4 * 1000 ** (number / 23) }, values: {}, objective: null },
    ...{
      epochs: far ? 4 : 1,
      rung: far ? 1 : 0,
      bracket: 0,
      reached: far ? [after(1, 4), after(4, 18)] : [after(1, 4)],
    },
  } as unknown as Trial;
});

const proposed = (rule: { rule?: number }) =>
  proposedPoint({ ...study, ...rule }, dimensionsOf(study), trials, { number: 24, seen: seenNow(trials) })[rate];

// Computed by the version before there were rules, from this record.
test("a study that was begun before there were rules proposes under halving what it did", () => {
  expect(proposed({})).toBe(0.01206736213571873);
  expect(proposed({ rule: 1 })).toBe(0.01206736213571873);
});

test("a new one waits for ten trials that came to the last rung, and proposes at random until then", () => {
  const random = { ...study, spec: { ...study.spec, sampler: { type: "random" } } } as Study;
  const drawn = proposedPoint(random, dimensionsOf(study), trials, { number: 24, seen: seenNow(trials) })[rate];
  expect(proposed({ rule: 2 })).toBe(drawn);
});
