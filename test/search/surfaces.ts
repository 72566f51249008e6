import type { Dimension, Point } from "../../src/search/dimension.ts";
import type { Outcome } from "../../src/search/outcome.ts";
import { propose, type Sampler } from "../../src/search/propose.ts";

const real = (name: string, min: number, max: number): Dimension => ({
  ...{ type: "number", name, when: null, min, max, log: false, step: null },
});

/** A surface to minimise, with its space. */
export interface Surface {
  dimensions: Dimension[];
  valueOf(point: Point, number: number): number;
}

/** Branin & Hoo 1972: minimum 0.397887 at (−π, 12.275), (π, 2.275) and (9.42478, 2.475). */
export const branin: Surface = {
  dimensions: [real("x", -5, 10), real("y", 0, 15)],
  valueOf: ({ x = 0, y = 0 }) =>
    (y - (5.1 / (4 * Math.PI ** 2)) * x ** 2 + (5 / Math.PI) * x - 6) ** 2 +
    10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) +
    10,
};

const alpha = [1, 1.2, 3, 3.2];
const a = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const p = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
];

/** Hartmann 1973, six dimensions: minimum −3.32237 at (0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573). */
export const hartmann6: Surface = {
  dimensions: Array.from({ length: 6 }, (_, i) => real(`x${i}`, 0, 1)),
  valueOf: (point) =>
    -alpha.reduce((sum, weight, i) => {
      const inner = a[i]!.reduce((total, aij, j) => total + aij * (point[`x${j}`]! - p[i]![j]!) ** 2, 0);
      return sum + weight * Math.exp(-inner);
    }, 0),
};

/** Trials one after another, each seeing all before it. */
export const search = (surface: Surface, sampler: Sampler, seed: number, trials: number): Outcome[] => {
  const outcomes: Outcome[] = [];
  for (let number = 0; number < trials; number++) {
    const point = propose(sampler, surface.dimensions, { seed, number, outcomes });
    outcomes.push({ number, point, state: "complete", value: surface.valueOf(point, number), epochs: 1 });
  }
  return outcomes;
};

export const bestOf = (outcomes: readonly Outcome[]): number => Math.min(...outcomes.map(({ value }) => value!));
