import { describe, expect, test } from "vitest";
import { createRandomStream } from "../../src/engine/kernels/philox.ts";
import type { Sampler } from "../../src/search/propose.ts";
import { mean, sampleVariance } from "../../src/stats/estimate.ts";
import { bestOf, branin, hartmann6, type Surface, search } from "./surfaces.ts";

const tpe: Sampler = { type: "tpe" };
const random: Sampler = { type: "random" };
const sobol: Sampler = { type: "sobol" };

const bests = (surface: Surface, sampler: Sampler, seeds: number, trials: number): number[] =>
  Array.from({ length: seeds }, (_, seed) => bestOf(search(surface, sampler, seed, trials)));

/** Student's t of the paired differences a − b. */
const pairedT = (a: readonly number[], b: readonly number[]): number => {
  const differences = a.map((value, i) => value - b[i]!);
  return mean(differences) / Math.sqrt(sampleVariance(differences) / differences.length);
};

describe("samplers on published surfaces", () => {
  test("the surfaces have their published minima", () => {
    expect(branin.valueOf({ x: Math.PI, y: 2.275 }, 0)).toBeCloseTo(0.397887, 5);
    const [x0, x1, x2, x3, x4, x5] = [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573];
    expect(hartmann6.valueOf({ x0, x1, x2, x3, x4, x5 }, 0)).toBeCloseTo(-3.32237, 4);
  });

  test("Branin, 100 trials, 30 seeds: TPE comes to 0.55 or below on average, and closer than random, p < 0.001", () => {
    const [ofTpe, ofRandom] = [bests(branin, tpe, 30, 100), bests(branin, random, 30, 100)];
    expect(mean(ofTpe)).toBeLessThanOrEqual(0.55);
    // Student's t with 29 degrees of freedom, one-sided: P(t < −3.396) = 0.001.
    expect(pairedT(ofTpe, ofRandom)).toBeLessThan(-3.396);
  });

  test("Hartmann's surface of six dimensions, 200 trials: TPE comes to −3.0 or below on average", () => {
    expect(mean(bests(hartmann6, tpe, 10, 200))).toBeLessThanOrEqual(-3);
  });

  test("on pure noise no sampler has an advantage", () => {
    const noise = (purpose: number): Surface => ({
      dimensions: branin.dimensions,
      valueOf: (_point, number) => createRandomStream({ seedLow: 7, seedHigh: 0, purpose, index: number }).uniform(),
    });
    const seeds = Array.from({ length: 20 }, (_, seed) => seed);
    const meanLate = (sampler: Sampler): number[] =>
      seeds.map((seed) =>
        mean(
          search(noise(seed + 1), sampler, seed, 60)
            .slice(20)
            .map(({ value }) => value!),
        ),
      );
    // The noise of a trial depends on its number alone: whatever is proposed, the same values come.
    for (const sampler of [tpe, sobol]) expect(meanLate(sampler)).toEqual(meanLate(random));
    // And where it depends on the point, what was good before says nothing of what is good next.
    const hashed: Surface = {
      dimensions: branin.dimensions,
      valueOf: ({ x = 0, y = 0 }) => {
        const [low, high] = new Uint32Array(Float64Array.of(x + 31 * y).buffer);
        return createRandomStream({ seedLow: low!, seedHigh: high!, purpose: 9, index: 0 }).uniform();
      },
    };
    const late = (sampler: Sampler): number[] =>
      seeds.map((seed) =>
        mean(
          search(hashed, sampler, seed, 60)
            .slice(20)
            .map(({ value }) => value!),
        ),
      );
    expect(Math.abs(pairedT(late(tpe), late(random)))).toBeLessThan(3.9);
    expect(Math.abs(pairedT(late(sobol), late(random)))).toBeLessThan(3.9);
  });
});
