import { normalCdf64 } from "../engine/kernels/erf64.ts";
import { exp64, log64 } from "../engine/kernels/math64.ts";
import { normalQuantile } from "../engine/kernels/normal-quantile64.ts";
import { boundsOf, type Dimension, fromScale, type NumberDimension, type Point } from "./dimension.ts";
import { type Draws, pick } from "./draws.ts";

/** One dimension of every kernel. */
interface Marginal {
  sample(kernel: number, draws: Draws): number;
  /** Adds the logarithm of each kernel's density at the value to `sums`. */
  addLogDensities(value: number, sums: Float64Array): void;
}

const least = 1e-300;

/** Φ(high) − Φ(low), from the side where both are small. */
const between = (low: number, high: number): number =>
  low > 0 ? normalCdf64(-low) - normalCdf64(-high) : normalCdf64(high) - normalCdf64(low);

/**
 * Kernel widths: the larger distance to a neighbour, the middle of the range being one of the points and its ends being neighbours; the two outermost points
 * look inwards only. Within [range / min(100, 2 + points), range].
 */
const widthsOf = (centres: readonly number[], low: number, high: number): number[] => {
  const range = high - low;
  const all = [...centres, 0.5 * (low + high)];
  const order = [...all.keys()].sort((i, j) => all[i]! - all[j]! || i - j);
  const narrowest = range / Math.min(100, centres.length + 2);
  const widths = new Array<number>(all.length).fill(0);
  for (const [rank, i] of order.entries()) {
    const here = all[i]!;
    const left = rank === 0 ? low : all[order[rank - 1]!]!;
    const right = rank === order.length - 1 ? high : all[order[rank + 1]!]!;
    const inwards = order.length >= 2;
    const toLeft = rank === 0 && inwards ? 0 : here - left;
    const toRight = rank === order.length - 1 && inwards ? 0 : right - here;
    widths[i] = Math.min(range, Math.max(narrowest, toLeft, toRight));
  }
  return widths.slice(0, centres.length);
};

/** Normal distributions cut off at the range's ends; with a step their mass over each number's share. */
const numberMarginal = (dimension: NumberDimension, observed: readonly number[]): Marginal => {
  const { step, log } = dimension;
  const { low, high } = boundsOf(dimension);
  const toScale = (value: number): number => (log ? log64(value) : value);
  if (low === high) return { sample: () => dimension.min, addLogDensities: () => {} };
  const centres = observed.map(toScale);
  const widths = [...widthsOf(centres, low, high), high - low];
  const means = [...centres, 0.5 * (low + high)];
  const masses = means.map((mean, k) => between((low - mean) / widths[k]!, (high - mean) / widths[k]!));
  const logScales = widths.map((width, k) => log64(width * masses[k]!));
  // Candidates often have the same of a few numbers.
  const ofSteps = new Map<number, Float64Array>();
  const ofStep = (size: number, value: number): Float64Array => {
    const [from, to] = [toScale(value - size / 2), toScale(value + size / 2)];
    return Float64Array.from(means, (mean, k) => {
      const width = widths[k]!;
      return log64(Math.max(least, between((from - mean) / width, (to - mean) / width)) / masses[k]!);
    });
  };
  return {
    sample: (kernel, draws) => {
      const [mean, width, mass] = [means[kernel]!, widths[kernel]!, masses[kernel]!];
      const p = normalCdf64((low - mean) / width) + draws.unit() * mass;
      const place = mean + width * normalQuantile(Math.min(1 - 2 ** -53, Math.max(least, p)));
      return fromScale(dimension, Math.min(high, Math.max(low, place)));
    },
    addLogDensities: (value, sums) => {
      if (step !== null) {
        const logs = ofSteps.get(value) ?? ofStep(step, value);
        ofSteps.set(value, logs);
        for (let k = 0; k < sums.length; k++) sums[k]! += logs[k]!;
        return;
      }
      const place = toScale(value);
      for (let k = 0; k < sums.length; k++) {
        const z = (place - means[k]!) / widths[k]!;
        sums[k]! += -0.5 * z * z - logScales[k]!;
      }
    },
  };
};

/** Each kernel: 1/kernels for every choice, and 1 more for the observed one, normalised; the last kernel knows nothing. */
const choiceMarginal = (count: number, observed: readonly number[]): Marginal => {
  const kernels = observed.length + 1;
  const base = 1 / kernels;
  const sum = (kernel: number): number => (kernel < observed.length ? 1 : 0) + base * count;
  const weight = (kernel: number, choice: number): number => base + (observed[kernel] === choice ? 1 : 0);
  return {
    sample: (kernel, draws) => {
      const weights = Array.from({ length: count }, (_, choice) => weight(kernel, choice));
      return pick(draws, weights, sum(kernel));
    },
    addLogDensities: (value, sums) => {
      for (let k = 0; k < sums.length; k++) sums[k]! += log64(weight(k, value) / sum(k));
    },
  };
};

/** 1 for the newest 25 points, falling evenly to 1/n for the oldest; all 1 below that. Points in the order of their trials. */
export const pointWeights = (count: number): number[] => {
  if (count < 25) return new Array<number>(count).fill(1);
  const old = count - 25;
  return Array.from({ length: count }, (_, i) =>
    i >= old ? 1 : old === 1 ? 1 / count : 1 / count + (i * (1 - 1 / count)) / (old - 1),
  );
};

export interface ParzenEstimator {
  sample(draws: Draws): Point;
  logDensity(point: Point): number;
}

/**
 * Optuna's Parzen estimator (Bergstra et al. 2011; Watanabe 2023): a mixture of products with a kernel for each point and one, the prior, for the whole space.
 * @param points in the order of their trials; each has a value of every dimension
 */
export const createParzenEstimator = (dimensions: readonly Dimension[], points: readonly Point[]): ParzenEstimator => {
  const weights = [...pointWeights(points.length), 1];
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const logWeights = Float64Array.from(weights, (weight) => log64(weight / total));
  const marginals = dimensions.map((dimension) => {
    const observed = points.map((point) => point[dimension.name]!);
    return dimension.type === "choice"
      ? choiceMarginal(dimension.count, observed)
      : numberMarginal(dimension, observed);
  });
  return {
    sample: (draws) => {
      const kernel = pick(draws, weights, total);
      return Object.fromEntries(dimensions.map(({ name }, i) => [name, marginals[i]!.sample(kernel, draws)]));
    },
    logDensity: (point) => {
      const logs = logWeights.slice();
      for (const [i, { name }] of dimensions.entries()) marginals[i]!.addLogDensities(point[name]!, logs);
      let most = Number.NEGATIVE_INFINITY;
      for (const each of logs) most = Math.max(most, each);
      let sum = 0;
      for (const each of logs) sum += exp64(each - most);
      return most + log64(sum);
    },
  };
};
