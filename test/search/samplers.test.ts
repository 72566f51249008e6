import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSpecErrors } from "../../src/domain/jobs/spec/spec-errors.ts";
import type { Space } from "../../src/domain/studies/space.ts";
import { normalCdf64 } from "../../src/engine/kernels/erf64.ts";
import { normalQuantile } from "../../src/engine/kernels/normal-quantile64.ts";
import { type Dimension, holds, type Point } from "../../src/search/dimension.ts";
import { gridPoint, gridSize } from "../../src/search/grid.ts";
import { byGoodness, type Outcome } from "../../src/search/outcome.ts";
import { createParzenEstimator, pointWeights } from "../../src/search/parzen.ts";
import { propose, type Sampler } from "../../src/search/propose.ts";
import { readSpace } from "../../src/search/read-space.ts";
import { scramble, sobolBits } from "../../src/search/sobol.ts";
import { goodCount } from "../../src/search/tpe.ts";
import sobolPoints from "./sobol-points.json" with { type: "json" };
import { branin, search } from "./surfaces.ts";

const space: Space = {
  "/optimizer": {
    choices: [
      { type: "adam", learningRate: { min: 1e-4, max: 0.1, scale: "log" } },
      { type: "momentum", learningRate: { min: 1e-3, max: 1, scale: "log" }, momentum: { min: 0, max: 0.99 } },
    ],
  },
  "/training/batchSize": { min: 16, max: 128, type: "integer", step: 16 },
  "/model/hidden/0": { min: 1, max: 64, type: "integer", scale: "log" },
};

const dimensionsOf = (wanted: Space): Dimension[] => {
  const errors = createSpecErrors();
  const dimensions = readSpace(wanted, errors);
  errors.throwIfAny("invalid");
  return dimensions;
};
const dimensions = dimensionsOf(space);

const isInside = (point: Point): boolean =>
  dimensions.every((dimension) => {
    const value = point[dimension.name];
    if (!holds(dimension, point)) return value === undefined;
    if (value === undefined) return false;
    if (dimension.type === "choice") return Number.isInteger(value) && value >= 0 && value < dimension.count;
    const { min, max, step } = dimension;
    return value >= min && value <= max && (step === null || (value - min) % step === 0);
  });

const samplers: Sampler[] = [{ type: "random" }, { type: "sobol" }, { type: "tpe" }, { type: "grid", points: 3 }];

describe("proposals", () => {
  test.each(samplers)(
    "of $type lie in the space, with the parameters of the choice that was made and no others",
    (sampler) => {
      const outcomes: Outcome[] = [];
      for (let number = 0; number < 60; number++) {
        const point = propose(sampler, dimensions, { seed: 3, number, outcomes });
        expect(isInside(point), JSON.stringify(point)).toBe(true);
        outcomes.push({ number, point, state: "complete", value: Object.values(point)[0]!, epochs: 1 });
      }
    },
  );

  test("are a function of seed, number and the results seen: in any order, with a few still running", () => {
    const outcomes = search(branin, { type: "random" }, 1, 30).map(
      (outcome): Outcome => (outcome.number % 7 === 0 ? { ...outcome, state: "running", value: null } : outcome),
    );
    const asked = { seed: 5, number: 30, outcomes };
    const first = propose({ type: "tpe" }, branin.dimensions, asked);
    fc.assert(
      fc.property(fc.shuffledSubarray(outcomes, { minLength: 30 }), (shuffled) => {
        expect(propose({ type: "tpe" }, branin.dimensions, { ...asked, outcomes: shuffled })).toEqual(first);
      }),
      { numRuns: 10 },
    );
    expect(propose({ type: "tpe" }, branin.dimensions, { ...asked, seed: 6 })).not.toEqual(first);
    const [best] = byGoodness(outcomes.filter(({ state }) => state === "complete"));
    const without = outcomes.filter((outcome) => outcome !== best);
    expect(propose({ type: "tpe" }, branin.dimensions, { ...asked, outcomes: without })).not.toEqual(first);
  });

  test("are the same bits everywhere: the fiftieth of TPE on Branin, as it was recorded", () => {
    expect(search(branin, { type: "tpe" }, 42, 50).at(-1)?.point).toMatchInlineSnapshot(`
      {
        "x": 7.067777624010862,
        "y": 2.4796721860813,
      }
    `);
  });

  test("of TPE stay away from what is running", () => {
    const done = search(branin, { type: "tpe" }, 2, 40);
    const free = propose({ type: "tpe" }, branin.dimensions, { seed: 2, number: 40, outcomes: done });
    const running = Array.from(
      { length: 10 },
      (_, i): Outcome => ({ number: 40 + i, point: free, state: "running", value: null, epochs: 0 }),
    );
    const next = propose({ type: "tpe" }, branin.dimensions, { seed: 2, number: 40, outcomes: [...done, ...running] });
    expect(next).not.toEqual(free);
  });
});

describe("Sobol's sequence", () => {
  const { first, dimensions: columns, row777 } = sobolPoints;

  test("has the published points", () => {
    expect(first.map((row, i) => row.map((_, j) => sobolBits(i, j) / 2 ** 32))).toEqual(first);
    expect(columns.map((dimension) => sobolBits(777, dimension) / 2 ** 32)).toEqual(row777);
  });

  test("scrambled by any seed has one of 2^m points in each of 2^m equal intervals, in every dimension", () => {
    for (const seed of [0, 1, 2 ** 40]) {
      for (let dimension = 0; dimension < 64; dimension++) {
        const cells = Array.from({ length: 64 }, (_, i) =>
          Math.floor((scramble(sobolBits(i, dimension), dimension, seed) / 2 ** 32) * 64),
        );
        expect(new Set(cells).size).toBe(64);
      }
    }
    expect(scramble(sobolBits(5, 1), 1, 1)).not.toBe(scramble(sobolBits(5, 1), 1, 2));
  });
});

describe("the grid", () => {
  test("has every combination once, the parameters of a choice counted with it", () => {
    const size = gridSize(dimensions, 3);
    // adam: 3 rates; momentum: 3 rates × 3 momenta; times 3 batch sizes and 3 widths.
    expect(size).toBe((3 + 9) * 3 * 3);
    const points = Array.from({ length: size }, (_, number) => gridPoint(dimensions, 3, 8, number));
    expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(size);
    expect(points.every(isInside)).toBe(true);
  });
});

describe("the Parzen estimator", () => {
  test("is a density: it sums to one over all points of a space of whole numbers and choices", () => {
    const finite = dimensionsOf({
      "/model/hidden/0": { min: 1, max: 16, type: "integer", scale: "log" },
      "/training/batchSize": { min: 10, max: 50, type: "integer", step: 10 },
      "/model/activation": { choices: ["relu", "tanh", "silu"] },
    });
    const [activation, width, batch] = finite.map(({ name }) => name) as [string, string, string];
    const points = Array.from({ length: 30 }, (_, number) =>
      propose({ type: "random" }, finite, { seed: 1, number, outcomes: [] }),
    );
    const estimator = createParzenEstimator(finite, points);
    let sum = 0;
    for (let w = 1; w <= 16; w++)
      for (let b = 10; b <= 50; b += 10)
        for (let a = 0; a < 3; a++) sum += Math.exp(estimator.logDensity({ [activation]: a, [width]: w, [batch]: b }));
    expect(sum).toBeCloseTo(1, 10);
  });

  test("weighs old points less from the 26th on, as Optuna has it, and takes a tenth of the trials for good", () => {
    expect(pointWeights(24)).toEqual(new Array(24).fill(1));
    expect(pointWeights(27)).toEqual([1 / 27, 1, ...new Array(25).fill(1)]);
    expect([10, 11, 100, 250, 1000].map(goodCount)).toEqual([1, 2, 10, 25, 25]);
  });

  test("draws by the normal distribution's exact quantile", () => {
    // R 4.2: qnorm(c(1e-10, 0.025, 0.3, 0.975))
    expect(normalQuantile(1e-10)).toBeCloseTo(-6.361340902404056, 12);
    expect(normalQuantile(0.025)).toBeCloseTo(-1.959963984540054, 14);
    expect(normalQuantile(0.3)).toBeCloseTo(-0.5244005127080407, 14);
    fc.assert(
      fc.property(
        fc.double({ min: 1e-12, max: 1 - 1e-12, noNaN: true }),
        (p) => Math.abs(normalCdf64(normalQuantile(p)) - p) < 1e-14 + 1e-12 * p,
      ),
    );
  });
});
