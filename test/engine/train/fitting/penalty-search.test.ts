import { describe, expect, it } from "vitest";
import type { DataViews } from "../../../../src/engine/train/fitting/memory.ts";
import { afterTrial, firstTrial, isPreferred } from "../../../../src/engine/train/fitting/penalty-trials.ts";
import { holdOutRows, judgeGuess } from "../../../../src/engine/train/fitting/trials/held-out-rows.ts";
import type { SearchPlan, SearchState } from "../../../../src/engine/train/planning/plan-search.ts";
import type { TrainingEvent } from "../../../../src/engine/train/planning/training.ts";
import { fillData, runJob, specOf } from "../job.ts";

const factors = [1 / 16, 1 / 4, 1, 4, 16];
const shape = { trainRows: 150, trialRows: 128, validationRows: 0, testRows: 60, inputs: 6, outputs: 3 };
const jobOf = (penaltySearch: false | { holdOut: number; folds: number; factors: number[] }, l2: number) =>
  specOf({
    model: { type: "mlp", hidden: [24], activation: "silu" },
    optimizer: { type: "adam", schedule: { type: "cosine" } },
    training: { epochs: 60, l2, penaltySearch },
  });
const search = { holdOut: 0.2, folds: 1, factors };

/** Labels that have nothing to do with the inputs. */
const noise = (views: DataViews): void => {
  fillData(views, shape.inputs, 3);
  for (const split of ["train", "test"] as const)
    for (let row = 0; row < views[split].rows; row++) views[split].labels![row] = (row * 7) % 3;
};
const told = () => {
  const events: TrainingEvent[] = [];
  return { events, onEvent: (event: TrainingEvent) => void events.push(event) };
};

describe("a search for the penalty", () => {
  it("trains the very model that its penalty alone would have given", async () => {
    const { events, onEvent } = told();
    const found = await runJob(jobOf(search, 1e-3), shape, { onEvent });
    const { l2 } = found.result.metrics;
    const plain = await runJob(jobOf(false, l2!), shape);
    expect(plain.digest).toBe(found.digest);
    expect(plain.result.metrics).toEqual({ ...found.result.metrics, l2: undefined });
    expect(events.filter(({ type }) => type === "penalty_chosen")).toMatchObject([{ level: "info", data: { l2 } }]);
  });

  it("keeps a network from being worse than guessing where there is nothing to learn", async () => {
    const guessing = Math.log(3);
    const plain = await runJob(jobOf(false, 1e-4), shape, { fill: noise });
    expect(plain.result.metrics.testLoss).toBeGreaterThan(1.4 * guessing);
    const { events, onEvent } = told();
    const factors = [1, 16, 256, 4096];
    const { result } = await runJob(jobOf({ holdOut: 0.2, folds: 2, factors }, 1e-4), shape, { fill: noise, onEvent });
    expect(events.at(-1)?.message).toContain("held-out training rows (2 × 22)");
    expect(result.metrics.l2).toBeGreaterThan(1e-3);
    expect(result.metrics.testLoss).toBeLessThan(1.05 * guessing);
  });

  it("is planned: no run takes more steps, and progress never falls", async () => {
    const progress: number[] = [];
    const { plan, steps, result } = await runJob(jobOf(search, 1e-3), shape, {
      onProgress: (value) => void progress.push(value),
    });
    // 150 rows in batches of 16: trials of 128 rows, 8 batches, and 10 batches for the model.
    expect(plan.search).toMatchObject({ trainRows: 128, holdOutRows: 22, stepsPerTrial: 480, steps: 4 * 480 });
    expect(steps).toBeLessThanOrEqual(plan.steps + plan.search!.steps);
    expect(result.state.meta.step).toBe(plan.steps + plan.search!.steps);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBe(1);
  });

  it("shows the curve of the model alone", async () => {
    const epochs: number[] = [];
    await runJob(jobOf(search, 1e-3), shape, { onPoint: ({ epoch }) => void epochs.push(epoch) });
    expect(epochs).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  });

  it("passes over a trial that diverges", async () => {
    const { events, onEvent } = told();
    const wild = specOf({
      model: { type: "mlp", hidden: [24] },
      // w ← w − η·l2·w blows up where η·l2 > 2.
      optimizer: { type: "sgd", learningRate: 0.1 },
      training: { epochs: 60, l2: 1, penaltySearch: { holdOut: 0.2, folds: 3, factors: [1, 1e9] } },
    });
    const { result } = await runJob(wild, shape, { onEvent });
    expect(result.metrics.l2).toBe(1);
    expect(events.find(({ type }) => type === "penalty_chosen")?.data.losses).toContain("diverged");
  });
});

describe("the rows that judge", () => {
  it("are of each class in its share, and never rows that a trial learns from", async () => {
    const { plan, memory } = await runJob(jobOf(search, 1e-3), shape, { fill: noise });
    const { train, holdOut } = holdOutRows(plan, plan.search!, memory, 0);
    expect([...train, ...holdOut].sort((a, b) => a - b)).toEqual(Array.from({ length: 150 }, (_, row) => row));
    const counts = [0, 0, 0];
    for (const row of holdOut) counts[(row * 7) % 3]! += 1;
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(7);
  });

  it("take turns: folds of a fifth hold out every row once", async () => {
    const folded = { ...shape, trainRows: 160 };
    const { plan, memory } = await runJob(jobOf({ ...search, folds: 5, factors: [1, 2] }, 1e-3), folded);
    const held = [0, 1, 2, 3, 4].flatMap((fold) => [...holdOutRows(plan, plan.search!, memory, fold).holdOut]);
    expect(held.sort((a, b) => a - b)).toEqual(Array.from({ length: 160 }, (_, row) => row));
  });

  it("are guessed by what makes the loss least: a quantile where quantiles are predicted, the median under absolute errors", async () => {
    const lossOf = async (loss: { type: string; quantile?: number; interval?: number }, outputs = 1) => {
      const one = { trainRows: 12, trialRows: 8, validationRows: 0, testRows: 4, inputs: 2, outputs };
      const wanted = specOf({
        ...{ task: { type: "regression", label: "y" }, loss, model: { type: "mlp", hidden: [4], activation: "silu" } },
        training: { epochs: 1, l2: 1e-3, batchSize: 8, penaltySearch: { holdOut: 0.34, folds: 1, factors: [1] } },
      });
      const { plan, memory } = await runJob(wanted, one, {
        fill: (views) => {
          fillData(views, one.inputs, 1);
          for (const split of ["train", "test"] as const)
            for (let row = 0; row < views[split].rows; row++) views[split].labels![row] = (row + 1) ** 2;
        },
      });
      const rows = { train: Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7), holdOut: Int32Array.of(8, 9, 10, 11) };
      return judgeGuess(plan, memory, rows);
    };
    // Squares of 1 to 8 to guess from, of 9 to 12 to judge: the 90 % quantile is 64, the median 16, the mean 25.5.
    expect(await lossOf({ type: "pinball", quantile: 0.9 })).toBeCloseTo(0.9 * (111.5 - 64), 5);
    expect(await lossOf({ type: "pinball", quantile: 0.9, interval: 0.9 }, 3)).toBeCloseTo(
      (0.9 * (111.5 - 64) + 0.05 * (111.5 - 1) + 0.95 * (111.5 - 64)) / 3,
      5,
    );
    expect(await lossOf({ type: "mean_absolute_error" })).toBeCloseTo(111.5 - 16, 5);
    expect(await lossOf({ type: "mean_squared_error" })).toBeCloseTo(
      [81, 100, 121, 144].reduce((sum, y) => sum + (y - 25.5) ** 2 / 4, 0),
      2,
    );
  });

  it("prefer a penalty for more than luck, unless the best is worse than guessing", () => {
    const even = [1, 1, 1, 1];
    expect(isPreferred(even, [1.1, 1.2, 1.1, 1.1], 2)).toBe(true);
    expect(isPreferred(even, even, 2)).toBe(false);
    expect(isPreferred([0.5, 1.4, 1, 1], even, 2)).toBe(false);
    expect(isPreferred([0.5, 1.4, 1, 1], even, 0.9)).toBe(true);
    expect(isPreferred(null, even, 2)).toBe(false);
    expect(isPreferred([9, 9], null, 2)).toBe(true);
  });
});

describe("the order of the trials", () => {
  const plan = { l2s: factors, start: 2, folds: 1 } as unknown as SearchPlan;
  /** Positions that are tried, when each has this loss on every row, and the choice. */
  const course = (losses: (number | null)[], { from = plan, guess = 10 } = {}) => {
    let state: SearchState = firstTrial(from);
    for (let trials = 0; state.trial !== null && trials < 20; trials++) {
      const loss = losses[state.trial]!;
      state = afterTrial(from, state, loss === null ? null : [loss, loss + 0.1, loss], guess);
    }
    return { tried: state.tried.map(({ factor }) => factor), best: state.best };
  };

  it.each([
    ["on upwards while it helps", [9, 9, 3, 2, 1], [2, 3, 4], 4],
    ["upwards, until it no longer helps", [0, 0, 3, 2, 5], [2, 3, 4], 3],
    ["down where up does not help", [1, 2, 3, 4, 0], [2, 3, 1, 0], 0],
    ["down, until it no longer helps", [4, 2, 3, 4, 0], [2, 3, 1, 0], 1],
    ["nowhere", [4, 4, 3, 4, 4], [2, 3, 1], 2],
    ["away from one that diverges", [1, 2, null, 4, 5], [2, 3, 4], 3],
  ])("goes %s", (_, losses, tried, best) => {
    expect(course(losses)).toEqual({ tried, best });
  });

  it("tries a penalty on each fold before it is judged by all of their rows", () => {
    const folded = { ...plan, folds: 2 } as SearchPlan;
    const first = afterTrial(folded, firstTrial(folded), [1, 2], 5);
    expect(first).toMatchObject({ trial: 2, fold: 1, partial: [1, 2], tried: [] });
    const second = afterTrial(folded, first, [3, 2], 7);
    expect(second).toMatchObject({
      trial: 3,
      fold: 0,
      partial: [],
      tried: [{ factor: 2, loss: 2 }],
      losses: [1, 2, 3, 2],
    });
    expect(afterTrial(folded, second, null, 5)).toMatchObject({ trial: 1, fold: 0, tried: [{}, { loss: null }] });
  });

  it("goes on upwards while the best is worse than guessing, helpful or not", () => {
    expect(course([9, 9, 8, 8.5, 3], { guess: 4 })).toEqual({ tried: [2, 3, 4], best: 4 });
    expect(course([9, 9, 8, 8.5, 9], { guess: 4 })).toEqual({ tried: [2, 3, 4], best: 2 });
  });

  it("begins downwards where 1 is the largest factor, and ends where it is the smallest", () => {
    expect(course([1, 2, 3], { from: { l2s: [0.1, 0.5, 1], start: 2, folds: 1 } as unknown as SearchPlan })).toEqual({
      tried: [2, 1, 0],
      best: 0,
    });
    expect(course([1, 2], { from: { l2s: [1, 4], start: 0, folds: 1 } as unknown as SearchPlan })).toEqual({
      tried: [0, 1],
      best: 0,
    });
  });
});
