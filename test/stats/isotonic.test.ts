import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { calibrateOutputs, isotonicValue } from "../../src/domain/models/parts/isotonic.ts";
import { createRandomStream } from "../../src/engine/kernels/philox.ts";
import { chooseIsotonic, fitIsotonic } from "../../src/stats/isotonic.ts";

interface Case {
  x: number[];
  y: number[];
  weights: number[] | null;
  asked: number[];
  answered: number[];
  fitted: number[];
}
// scikit-learn 1.2: see isotonic-fixtures.py.
const cases: Case[] = JSON.parse(readFileSync(new URL("isotonic-fixtures.json", import.meta.url), "utf8"));

describe("the curve", () => {
  test.each(cases)("is scikit-learn's, at the rows and between them ($x.length rows)", (one) => {
    const curve = fitIsotonic(Float64Array.from(one.x), one.y, one.weights);
    for (const [i, x] of one.x.entries()) expect(isotonicValue(curve, x)).toBeCloseTo(one.fitted[i]!, 12);
    expect(isotonicValue(curve, Number.NaN)).toBeNaN();
    for (const [i, x] of one.asked.entries()) expect(isotonicValue(curve, x)).toBeCloseTo(one.answered[i]!, 12);
  });

  test("grows, and no growing step of it is nearer to the rows when moved", () => {
    const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.boolean()), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(rows, (data) => {
        const [x, y] = [data.map(([value]) => value / 12), data.map(([, hit]) => (hit ? 1 : 0))];
        const { at, value } = fitIsotonic(Float64Array.from(x), y, null);
        for (let i = 1; i < at.length; i++) {
          expect(at[i]!).toBeGreaterThan(at[i - 1]!);
          expect(value[i]!).toBeGreaterThanOrEqual(value[i - 1]!);
        }
        const bound = 1 / (data.length + 2);
        for (const level of new Set(value)) {
          if (level === bound || level === 1 - bound) continue;
          const own = y.filter((_, i) => isotonicValue({ at, value }, x[i]!) === level);
          expect(own.reduce((sum: number, hit) => sum + hit, 0) / own.length).toBeCloseTo(level, 12);
        }
      }),
    );
  });
});

describe("the choice", () => {
  /** Of two classes with a probability of `truth`, told as `told`. */
  const held = (rows: number, told: (truth: number) => number) => {
    const { uniform } = createRandomStream({ seedLow: 3, seedHigh: 0, purpose: 0, index: 0 });
    const truths = Array.from({ length: rows }, uniform);
    const labels = truths.map((truth) => (uniform() < truth ? 1 : 0));
    return { outputs: truths.map(told), width: 1, labels, weights: null };
  };

  test("is the curves where probabilities are twisted, and none where they are what they say", () => {
    const sure = (p: number): number => p ** 4 / (p ** 4 + (1 - p) ** 4);
    const found = chooseIsotonic(held(500, sure), Math.log);
    expect(found?.rows).toBe(500);
    expect(found!.gain).toBeGreaterThan(0.1);
    expect(
      chooseIsotonic(
        held(500, (p) => p),
        Math.log,
      ),
    ).toBeNull();
    expect(chooseIsotonic(held(9, sure), Math.log)).toBeNull();
  });

  test("of more than two classes gives one curve for each, and probabilities that add up to 1", () => {
    const two = held(600, (p) => p);
    // Three classes: the first is as likely as is said, the others share the rest as one to two, and are told the other way round.
    const labels = two.labels.map((label, row) => (label === 1 ? 0 : row % 3 === 0 ? 1 : 2));
    const outputs = two.outputs.flatMap((p) => [p, (2 * (1 - p)) / 3, (1 - p) / 3]);
    const found = chooseIsotonic({ outputs, width: 3, labels, weights: null }, Math.log)!;
    expect(found.curves).toHaveLength(3);
    const after = calibrateOutputs(found, outputs, 3);
    for (let row = 0; row < 600; row++)
      expect(after[3 * row]! + after[3 * row + 1]! + after[3 * row + 2]!).toBeCloseTo(1, 12);
    const mean = (k: number): number => after.filter((_, at) => at % 3 === k).reduce((sum, p) => sum + p / 600, 0);
    expect(mean(2) / mean(1)).toBeGreaterThan(1.6);
  });
});
