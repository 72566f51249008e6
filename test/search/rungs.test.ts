import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Outcome } from "../../src/search/outcome.ts";
import { bracketOf, type Course, nextPromotion, type Pruner, rungsOf } from "../../src/search/stopping/rungs.ts";
import { afterManyEpochs, atHighestLevel } from "../../src/search/stopping/seen-under-halving.ts";

const asha: Pruner = { type: "asha", minEpochs: 1, reduction: 4, brackets: 1 };
const epochs = 64;

const waiting = (number: number, ...values: number[]): Course => ({
  ...{ number, bracket: 0 },
  state: "waiting",
  value: null,
  reached: values.map((value, i) => ({ epochs: 4 ** i, value })),
});

describe("ASHA", () => {
  test("has rungs at powers of the reduction below all epochs; each bracket starts one higher", () => {
    expect(rungsOf(asha, 64, 0)).toEqual([1, 4, 16]);
    expect(rungsOf(asha, 64, 1)).toEqual([4, 16]);
    expect(rungsOf({ type: "none" }, 64, 0)).toEqual([]);
    expect(rungsOf({ type: "median", everyEpochs: 20, startTrials: 5 }, 64, 0)).toEqual([20, 40, 60]);
  });

  test("lets the best quarter of a rung go on, the highest rung first, and never waits for others to come", () => {
    const three = [waiting(0, 3), waiting(1, 1), waiting(2, 2)];
    expect(nextPromotion(asha, three, epochs)).toBeNull();
    const four = [...three, waiting(3, 4)];
    expect(nextPromotion(asha, four, epochs)?.number).toBe(1);
    const gone: Course = { ...waiting(1, 1), state: "running" };
    expect(nextPromotion(asha, [four[0]!, gone, four[2]!, four[3]!], epochs)).toBeNull();
    const high = [waiting(4, 0, 9), waiting(5, 0, 8), waiting(6, 0, 7), waiting(7, 0, 6)];
    expect(nextPromotion(asha, [...four, ...high], epochs)?.number).toBe(7);
  });

  test("counts a trial that ended before a rung with its last value, and none that failed", () => {
    const ended: Course = { number: 0, bracket: 0, state: "ended", value: 0.1, reached: [] };
    const failed: Course = { number: 1, bracket: 0, state: "ended", value: null, reached: [] };
    expect(nextPromotion(asha, [ended, failed, waiting(2, 1), waiting(3, 2), waiting(4, 3)], epochs)).toBeNull();
    const two: Course[] = [ended, ...[2, 3, 4, 5, 6, 7, 8].map((number) => waiting(number, number))];
    expect(nextPromotion(asha, two, epochs)?.number).toBe(2);
  });

  test("promotes whatever order results come in: at the end of a rung always its best quarter", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 16, maxLength: 16 }), (values) => {
        const courses = values.map((value, number) => waiting(number, value));
        const promoted = new Set<number>();
        for (;;) {
          const all = courses.map(
            (course): Course => (promoted.has(course.number) ? { ...course, state: "running" } : course),
          );
          const next = nextPromotion(asha, all, epochs);
          if (next === null) break;
          promoted.add(next.number);
        }
        const best = values.toSorted((x, y) => x - y).slice(0, 4);
        expect([...promoted].map((number) => values[number]).sort((x, y) => x! - y!)).toEqual(best);
      }),
      { numRuns: 30 },
    );
  });

  test("gives cheap brackets more trials, and each its own by seed and number", () => {
    const brackets: Pruner = { ...asha, brackets: 3 };
    const counts = [0, 0, 0];
    for (let number = 0; number < 2100; number++) counts[bracketOf(brackets, 1, number)]! += 1;
    expect(counts.map((count) => Math.round(count / 100))).toEqual([16, 4, 1]);
  });
});

describe("median stopping", () => {
  const median: Pruner = { type: "median", everyEpochs: 1, startTrials: 5 };

  test("lets all go on at first, and then those that were at least once as good as half of those before them", () => {
    const before = [1, 2, 3, 4, 5].map(
      (value, number): Course => ({ number, bracket: 0, state: "ended", value, reached: [{ epochs: 1, value }] }),
    );
    const at = (value: number): Course => ({
      ...{ number: 5, bracket: 0 },
      state: "waiting",
      value: null,
      reached: [{ epochs: 1, value }],
    });
    expect(nextPromotion(median, [...before, at(3)], epochs)?.number).toBe(5);
    expect(nextPromotion(median, [...before, at(3.1)], epochs)).toBeNull();
    expect(nextPromotion(median, [...before.slice(1), at(9)], epochs)?.number).toBe(5);
  });
});

describe("what proposals see under successive halving", () => {
  const outcome = (number: number, epochs: number, state: Outcome["state"] = "stopped"): Outcome => ({
    ...{ number, point: {}, state, value: state === "running" ? null : number, epochs },
  });
  const low = Array.from({ length: 30 }, (_, i) => outcome(i, 1));
  const middle = Array.from({ length: 8 }, (_, i) => outcome(30 + i, 4));
  const rest = [outcome(38, 16), outcome(39, 64, "complete"), outcome(40, 0, "running")];
  const numbers = (outcomes: Outcome[]): number[] => outcomes.map(({ number }) => number);

  test("is the trials that came to the last rung or beyond, however few, and those that run", () => {
    const seen = (epochs: number) => numbers(afterManyEpochs([...low, ...middle, ...rest], { epochs, reduction: 4 }));
    expect(seen(64)).toEqual([38, 39, 40]);
    // The last rung before 66 epochs is at 64.
    expect(seen(66)).toEqual([39, 40]);
    expect(numbers(afterManyEpochs(low, { epochs: 64, reduction: 4 }))).toEqual([]);
  });

  test("was those that came as far as ten have", () => {
    const seen = (outcomes: Outcome[]): number[] => numbers(atHighestLevel(outcomes));
    expect(seen([...low, ...middle, ...rest])).toEqual([30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40]);
    expect(seen([...low, ...middle.slice(1), ...rest])).toHaveLength(40);
    expect(seen(low.slice(0, 9))).toHaveLength(9);
  });
});
