import { expect, test } from "vitest";
import { createRandomStream, permutation } from "../../../src/engine/kernels/philox.ts";
import { estimateMean, sampleVariance } from "../../../src/stats/estimate.ts";
import { estimateExchanges } from "../../../src/stats/explaining/exchanged.ts";

const [repeats, rows] = [5, 60];

/** What rows lose in squared error while the values of a column with the coefficient 1 are exchanged: (e + x − x′)² − e². */
const lossesOf = (index: number) => {
  const { uniform } = createRandomStream({ seedLow: 7, seedHigh: 0, purpose: 1, index });
  const x = Float64Array.from({ length: rows }, () => uniform() + uniform() + uniform() + uniform());
  const e = Float64Array.from({ length: rows }, () => uniform() - 0.5);
  const [lost, given, all] = [new Float64Array(rows), new Float64Array(rows), [] as number[]];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const order = permutation(rows, { seedLow: index, seedHigh: 0, purpose: 2, index: repeat });
    for (let i = 0; i < rows; i++) {
      const loss = (e[i]! + x[i]! - x[order[i]!]!) ** 2 - e[i]! ** 2;
      lost[i]! += loss / repeats;
      given[order[i]!]! += loss / repeats;
      all.push(loss);
    }
  }
  return { lost, given, variance: sampleVariance(all), repeats };
};

test("intervals count what a row's values do to others as well as what it loses itself", () => {
  const splits = Array.from({ length: 400 }, (_, index) => lossesOf(index));
  // 2 Var(x), but for the pairs of a row with itself.
  const truth = (2 / 3) * (1 - 1 / rows);
  const held = (estimates: readonly ReturnType<typeof estimateMean>[]): number =>
    estimates.filter(({ lower, upper }) => lower! <= truth && truth <= upper!).length / estimates.length;
  const own = held(splits.map(({ lost }) => estimateMean(lost)));
  const both = held(splits.map(estimateExchanges));
  // The binomial interval of 95 % of 400 begins at 0.929.
  expect(both).toBeGreaterThan(0.929);
  expect(own).toBeLessThan(0.929);
});

test("a column that changes nothing has no interval", () => {
  const none = { lost: new Float64Array(9), given: new Float64Array(9), variance: 0, repeats };
  expect(estimateExchanges(none)).toEqual({ value: 0, lower: null, upper: null });
});
