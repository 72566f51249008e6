import { describe, expect, test } from "vitest";
import type { Study, Trial } from "../../src/domain/studies/study.ts";
import { createAxis } from "../../src/usecases/models/page/axes.ts";
import { numberScale, roundTicks } from "../../src/web/page/charts/scale.ts";
import {
  behindOf,
  bestSoFar,
  faultsOf,
  firstOf,
  parametersOf,
  shownTrials,
  timelineOf,
  unitOfRungs,
} from "../../src/web/page/studies/study-data.ts";

const second = (s: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, s)).toISOString();

const trial = (number: number, values: Partial<Trial>): Trial => ({
  ...{ number, job: `job_${number}`, state: "succeeded", values: {}, point: { "/a": number }, guess: false },
  ...{ objective: null, epochs: 4, rung: 0, bracket: 0, pauseAtEpoch: null, reached: [], model: null, error: null },
  ...{ seen: { finished: "", stopped: "", running: "" }, submitted: true, createdAt: second(0) },
  ...{ startedAt: second(0), endedAt: second(1), ...values },
});
const study = (direction: "minimize" | "maximize") =>
  ({
    spec: { objective: { metric: "validationLoss", direction }, space: { "/a": { min: 1, max: 100, scale: "log" } } },
  }) as unknown as Study;

describe("what the charts of a study show", () => {
  test("what trials died of, the commonest fault first, with a trial that had it", () => {
    const failed = (number: number, error: string | null) => trial(number, { state: "failed", error });
    const trials = [trial(0, {}), failed(1, null), failed(2, "diverged"), failed(3, "diverged")];
    expect(faultsOf(trials)).toMatchObject([
      { error: "diverged", first: { number: 2 }, count: 2 },
      { error: "see its job", first: { number: 1 }, count: 1 },
    ]);
    expect(faultsOf([trial(0, {})])).toEqual([]);
  });

  test("in what unit trials are behind the best, and how many are not shown", () => {
    expect(behindOf({ score: "squaredError", rows: 30, unit: "validation_row" })).toEqual({
      title: "Behind the best (squared errors), 95 %",
      told: "Behind the best: the difference of their mean squared errors over the same 30 validation rows",
    });
    expect(behindOf({ score: "loss", rows: 12, unit: "group" }).told).toMatch(/over the same 12 groups$/);
    expect(firstOf([1, 2, 3], 2)).toEqual({ items: [1, 2], more: "and 1 more" });
    // The leaderboard itself ends after a hundred.
    expect(firstOf([1, 2, 3], 2, 120)).toEqual({ items: [1, 2], more: "and 118 more" });
    expect(firstOf([1, 2], 2)).toEqual({ items: [1, 2], more: null });
  });

  test.each([
    ["minimize", [3, 1, 1, 0.5]],
    ["maximize", [3, 3, 3, 3]],
  ] as const)("the best so far of trials that came to their end, where they %s", (direction, expected) => {
    const trials = [3, 1, 2, 0.5, 9].map((objective, i) =>
      trial(i, { objective, state: i === 4 ? "stopped" : "succeeded" }),
    );
    const shown = shownTrials(study(direction), trials);
    expect(bestSoFar(study(direction), shown).map(({ value }) => value)).toEqual(expected);
    expect(shown).toHaveLength(5);
  });

  test("ranks from the best, 0, to the worst, 1, in the study's direction", () => {
    const trials = [3, 1, 2].map((objective, i) => trial(i, { objective }));
    expect(shownTrials(study("minimize"), trials).map(({ rank }) => rank)).toEqual([1, 0, 0.5]);
    expect(shownTrials(study("maximize"), trials).map(({ rank }) => rank)).toEqual([0, 1, 0.5]);
  });

  test("when trials were with a trainer, without the time in which they waited to be compared", () => {
    const reached = [
      { epochs: 1, value: 1, at: second(2), resumedAt: second(5) },
      { epochs: 4, value: 1, at: second(6) },
    ];
    const trials = [
      trial(0, { reached, state: "stopped", endedAt: second(20) }),
      trial(1, { startedAt: second(1), endedAt: second(4) }),
      trial(2, { startedAt: second(3), endedAt: null, state: "running" }),
      trial(3, { startedAt: null }),
    ];
    const spans = timelineOf(trials, Date.parse(second(10)));
    expect(spans.map(({ trial: { number }, from, to, lane }) => [number, from, to, lane])).toEqual([
      [0, 0, 2, 0],
      [1, 1, 4, 1],
      [2, 3, 10, 0],
      [0, 5, 6, 1],
    ]);
  });

  test("are compared at epochs, folds or seeds", () => {
    const unitOf = (type: string, training: object = {}) =>
      unitOfRungs({ spec: { pruner: { type }, job: { training } } } as unknown as Study);
    expect([unitOf("asha"), unitOf("racing"), unitOf("racing", { crossValidation: {} })]).toEqual([
      ...["epochs", "seeds", "folds"],
    ]);
  });

  test("parameters on the scale of the space", () => {
    const trials = [1, 10, 100].map((a, i) => trial(i, { point: { "/a": a } }));
    const [{ title, scale }] = parametersOf(study("minimize"), trials) as [ReturnType<typeof parametersOf>[0]];
    expect([title, scale.place(10)]).toEqual(["a", 0.5]);
    expect(scale.ticks.map(({ label }) => label)).toEqual(["1", "10", "100"]);
  });
});

test("ticks are round numbers within the range, and one value has its tick in the middle", () => {
  expect(roundTicks(0.03, 0.97)).toEqual([0.2, 0.4, 0.6, 0.8]);
  expect(numberScale([7, 7]).ticks).toEqual([{ at: 0.5, label: "7" }]);
  expect(numberScale([]).ticks).toEqual([]);
  expect(numberScale([2, 5], true).ticks).toHaveLength(2);
});

test("a report's page marks the same round numbers as the charts, ends included that no double holds exactly", () => {
  expect(roundTicks(1.1, 1.6)).toEqual([1.1, 1.2, 1.3, 1.4, 1.5, 1.6]);
  for (const [low, high] of [
    [1.1, 1.6],
    [0.03, 0.97],
    [-7, 1200],
    [1e-9, 3e-9],
    [-0.3, -0.1],
  ] as const)
    expect(createAxis([low, high], 0, 100).ticks).toEqual(roundTicks(low, high));
});
