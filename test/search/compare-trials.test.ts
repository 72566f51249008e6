import { describe, expect, test } from "vitest";
import { createRandomStream } from "../../src/engine/kernels/philox.ts";
import { compareTrials, correctForChoice, type RowScores, simplestOf } from "../../src/search/compare-trials.ts";
import type { Dimension } from "../../src/search/dimension.ts";
import { importancesOf } from "../../src/search/importances.ts";
import { propose } from "../../src/search/propose.ts";
import { mean } from "../../src/stats/estimate.ts";

/** 0 or 1, 1 with this probability. */
const errors = (seed: number, rows: number, share: number): Float32Array => {
  const stream = createRandomStream({ seedLow: seed, seedHigh: 1, purpose: 3, index: 0 });
  return Float32Array.from({ length: rows }, () => (stream.uniform() < share ? 1 : 0));
};

describe("the choice among trials", () => {
  test("is corrected for its luck: of models that all err on 30 % of new rows the best seems much better, and is not", async () => {
    const [naive, corrected]: [number[], number[]] = [[], []];
    let covered = 0;
    const studies = 60;
    for (let study = 0; study < studies; study++) {
      const trials = Array.from(
        { length: 30 },
        (_, number): RowScores => ({ number, scores: errors(1000 * study + number, 100, 0.3), parameters: 1 }),
      );
      naive.push(Math.min(...trials.map(({ scores }) => mean(scores))));
      const estimate = await correctForChoice(trials, study);
      corrected.push(estimate!.value);
      if (estimate!.lower! <= 0.3 && 0.3 <= estimate!.upper!) covered += 1;
    }
    expect(mean(naive)).toBeLessThan(0.24);
    expect(Math.abs(mean(corrected) - 0.3)).toBeLessThan(0.02);
    expect(covered / studies).toBeGreaterThan(0.85);
  });

  test("of one trial has nothing to correct", async () => {
    const scores = errors(1, 400, 0.3);
    const estimate = await correctForChoice([{ number: 0, scores, parameters: 1 }], 1);
    expect(estimate!.value).toBe(mean(scores));
    expect(estimate!.lower).toBeLessThan(0.3);
    expect(estimate!.upper).toBeGreaterThan(0.3);
    expect(await correctForChoice([{ number: 0, scores: scores.slice(0, 9), parameters: 1 }], 1)).toBeNull();
  });

  test("is worth no less than the worst that may be chosen: one row's huge loss adds no more than its share", async () => {
    const rows = 200;
    const even = Float32Array.from({ length: rows }, () => 1);
    // Better in every row but one, and worse over all.
    const wild = Float32Array.from({ length: rows }, (_, row) => (row === 7 ? 1000 : 0.5));
    const trials: RowScores[] = [even, wild].map((scores, number) => ({ number, scores, parameters: 1 }));
    const estimate = await correctForChoice(trials, 3);
    expect(estimate!.value).toBeGreaterThan(1);
    expect(estimate!.value).toBeLessThanOrEqual(mean(wild));
  });

  test("groups what cannot be told apart, row by row, and names the simplest of it", () => {
    const best = errors(1, 500, 0.2);
    // Hardly different from the best on the same rows, and far from it on the same rows.
    const near = best.map((score, row) => (row < 3 ? 1 - score : score));
    const far = best.map((score, row) => (row % 5 === 0 ? 1 : score));
    const trials: RowScores[] = [
      { number: 0, scores: best, parameters: 500 },
      { number: 1, scores: near, parameters: 20 },
      { number: 2, scores: far, parameters: 3 },
    ];
    const compared = compareTrials(trials, 0);
    expect(compared.map(({ tied }) => tied)).toEqual([true, true, false]);
    expect(compared[2]!.difference.lower).toBeGreaterThan(0);
    expect(simplestOf(trials, compared)).toBe(1);
  });
});

describe("importances", () => {
  const dimensions: Dimension[] = [
    { type: "number", name: "/a", when: null, min: 1e-3, max: 1, log: true, step: null },
    { type: "number", name: "/b", when: null, min: 0, max: 1, log: false, step: null },
    { type: "choice", name: "/c", when: null, count: 3 },
    { type: "number", name: "/c/2/d", when: { name: "/c", choice: 2 }, min: 0, max: 1, log: false, step: null },
  ];
  const points = Array.from({ length: 200 }, (_, number) =>
    propose({ type: "random" }, dimensions, { seed: 1, number, outcomes: [] }),
  );

  test("find the parameters that the value depends on", () => {
    const trials = points.map((point) => ({
      point,
      value: (Math.log10(point["/a"]!) + 1) ** 2 + (point["/c"] === 1 ? 0 : 0.5) + 0.01 * point["/b"]!,
    }));
    const [a, b, c, d] = importancesOf(dimensions, trials).map(({ importance }) => importance!);
    expect(a).toBeGreaterThan(0.4);
    expect(c).toBeGreaterThan(b!);
    expect(a! + b! + c! + d!).toBeCloseTo(1, 10);
  });

  test("of too few trials are not given", () => {
    const trials = points.slice(0, 9).map((point) => ({ point, value: point["/b"]! }));
    expect(importancesOf(dimensions, trials).every(({ importance }) => importance === null)).toBe(true);
  });
});
