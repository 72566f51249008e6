import { describe, expect, test } from "vitest";
import type { Estimate } from "../../src/domain/models/estimate.ts";
import { createRandomStream, permutation } from "../../src/engine/kernels/philox.ts";
import { estimateExplained, estimateHits, estimateMean, estimateShare, mean } from "../../src/stats/estimate.ts";
import { estimateAreaUnderRoc } from "../../src/stats/receiver-operating.ts";
import { type Sampling, sharedRowsInflation } from "../../src/stats/sampling.ts";

const stream = createRandomStream({ seedLow: 7, seedHigh: 1, purpose: 3, index: 0 });
const values = Float64Array.from({ length: 40 }, () => stream.uniform());
const others = Float64Array.from({ length: 40 }, () => 1 + stream.uniform());
const hits = values.map((value) => (value < 0.7 ? 1 : 0));
const each = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);
const independent: Sampling = { unitOf: each(40), inflation: 1 };
/** Every value three times, as repeats of a division that change nothing would give it. */
const thrice = <T extends Float64Array | Int32Array>(all: T): T =>
  (all instanceof Float64Array ? Float64Array.of(...all, ...all, ...all) : Int32Array.of(...all, ...all, ...all)) as T;
const repeated: Sampling = { unitOf: thrice(each(40)), inflation: 1 };

const close = (a: { value: number; lower: number | null; upper: number | null } | null, b: typeof a): void => {
  expect(a!.value).toBeCloseTo(b!.value, 12);
  expect(a!.lower).toBeCloseTo(b!.lower!, 12);
  expect(a!.upper).toBeCloseTo(b!.upper!, 12);
};

/** DeLong's two variances divide by one less than the rows of a class each, that of units by one less than all: a hundredth of a width. */
const alike = (a: Estimate, b: Estimate): void => {
  expect(a.value).toBeCloseTo(b.value, 12);
  expect(Math.abs((a.upper! - a.lower!) / (b.upper! - b.lower!) - 1)).toBeLessThan(0.03);
};

describe("predictions that are no independent rows", () => {
  test("have the intervals of rows where each is one", () => {
    close(estimateMean(values, {}, independent), estimateMean(values));
    close(estimateExplained(values, others, independent), estimateExplained(values, others));
    close(
      estimateHits(hits, independent),
      estimateShare(
        hits.reduce((sum, hit) => sum + hit, 0),
        40,
      ),
    );
    const isSecond = (row: number): boolean => row % 2 === 1;
    alike(estimateAreaUnderRoc(values, isSecond, independent)!, estimateAreaUnderRoc(values, isSecond)!);
  });

  test("are worth no more for being repeated", () => {
    close(estimateMean(thrice(values), {}, repeated), estimateMean(values));
    close(estimateExplained(thrice(values), thrice(others), repeated), estimateExplained(values, others));
    close(
      estimateHits(thrice(hits), repeated),
      estimateShare(
        hits.reduce((sum, hit) => sum + hit, 0),
        40,
      ),
    );
    const second = (row: number): boolean => row % 2 === 1;
    const [once, again] = [
      estimateAreaUnderRoc(values, second)!,
      estimateAreaUnderRoc(thrice(values), second, repeated)!,
    ];
    alike(again, once);
  });

  test("are as many as their groups where groups differ and rows within them do not", () => {
    const groups = Int32Array.from({ length: 40 }, (_, i) => i % 8);
    const alike = Float64Array.from(groups, (group) => values[group]!);
    const { lower, upper } = estimateMean(alike, {}, { unitOf: groups, inflation: 1 });
    const own = estimateMean(values.slice(0, 8));
    expect((upper! - lower!) / (own.upper! - own.lower!)).toBeCloseTo(1, 12);
  });

  test("are all right or all wrong with an interval still, by the number of units", () => {
    const folds = { unitOf: thrice(each(40)), inflation: 2.25 };
    close(estimateHits(new Float64Array(120).fill(1), folds), estimateShare(40 / 2.25, 40 / 2.25));
  });

  test("of folds cover the expected error of a mean's prediction in 95 % of samples at least, rows as such in fewer", () => {
    // The model is the mean of its training rows; its expected squared error on a new row is 1 + 1/rows.
    const [samples, rows, folds] = [400, 60, 5];
    const covered = [0, 0];
    for (let sample = 0; sample < samples; sample++) {
      const draws = createRandomStream({ seedLow: sample, seedHigh: 5, purpose: 1, index: 0 });
      const normal = (): number =>
        Math.sqrt(-2 * Math.log(1 - draws.uniform())) * Math.cos(2 * Math.PI * draws.uniform());
      const labels = Float64Array.from({ length: rows }, normal);
      const order = permutation(rows, { seedLow: sample, seedHigh: 6, purpose: 1, index: 0 });
      const foldOf = (row: number): number => order[row]! % folds;
      const squares = labels.map((label, row) => {
        const center = mean(labels.filter((_, other) => foldOf(other) !== foldOf(row)));
        return (label - center) ** 2;
      });
      const sampling = { unitOf: each(rows), inflation: sharedRowsInflation(folds) };
      for (const [i, estimate] of [estimateMean(squares), estimateMean(squares, {}, sampling)].entries()) {
        const truth = 1 + 1 / rows;
        if (estimate.lower! <= truth && truth <= estimate.upper!) covered[i]! += 1;
      }
    }
    expect(covered[0]!).toBeLessThan(covered[1]! - 10);
    expect(covered[1]! / samples).toBeGreaterThan(0.95);
  });
});
