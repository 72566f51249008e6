import { calibrateOutputs, type IsotonicCalibration, type IsotonicCurve } from "../domain/models/parts/isotonic.ts";
import { orderOf } from "./order-of.ts";

/** Divisions of the rows by which it is judged whether the curves gain anything. */
const folds = 5;
/** As in the choice of a temperature: it is taken where rows prefer it by a standard error. */
const margin = 1;
const leastProbability = 2 ** -24;

/** What a classifier says of rows that it has not learnt from. */
export interface HeldOutClasses {
  /** rows × width, row-major; with a width of 1 the probability of the second of two classes. */
  readonly outputs: ArrayLike<number>;
  readonly width: number;
  /** Index of each row's class. */
  readonly labels: ArrayLike<number>;
  /** How much each row counts; null: once. */
  readonly weights: ArrayLike<number> | null;
}

/**
 * The growing function of x that is nearest to y in weighted least squares, by pooling adjacent violators (Ayer et al. 1955; Best & Chakravarti 1990): exact, after one sort. Rows of one x are one.
 * Held within [1/(n + 2), 1 − 1/(n + 2)] of n rows (Laplace's rule), since no number of rows shows that something never happens.
 */
export const fitIsotonic = (
  x: Float64Array,
  y: ArrayLike<number>,
  weights: ArrayLike<number> | null,
): IsotonicCurve => {
  const order = orderOf(x);
  const bound = 1 / (x.length + 2);
  // Blocks of rows that share a value: its first and last x, Σ w and the mean.
  const blocks: { first: number; last: number; weight: number; mean: number }[] = [];
  const merge = (): void => {
    const upper = blocks.pop()!;
    const lower = blocks.at(-1)!;
    const weight = lower.weight + upper.weight;
    lower.mean += (upper.weight / weight) * (upper.mean - lower.mean);
    lower.weight = weight;
    lower.last = upper.last;
  };
  for (const row of order) {
    const weight = weights === null ? 1 : weights[row]!;
    if (!(weight > 0)) continue;
    const isAgain = blocks.length > 0 && blocks.at(-1)!.last === x[row] && blocks.at(-1)!.first === x[row];
    blocks.push({ first: x[row]!, last: x[row]!, weight, mean: y[row]! });
    if (isAgain) merge();
  }
  const singles = blocks.splice(0);
  for (const block of singles) {
    blocks.push(block);
    while (blocks.length > 1 && blocks.at(-2)!.mean >= blocks.at(-1)!.mean) merge();
  }
  const [at, value]: [number[], number[]] = [[], []];
  for (const { first, last, mean } of blocks) {
    const held = Math.min(1 - bound, Math.max(bound, mean));
    at.push(first);
    value.push(held);
    if (last === first) continue;
    at.push(last);
    value.push(held);
  }
  return { at, value };
};

const curvesOf = ({ outputs, width, labels, weights }: HeldOutClasses): IsotonicCurve[] => {
  const [first, count] = width <= 2 ? [1, 1] : [0, width];
  return Array.from({ length: count }, (_, k) => {
    const place = width <= 2 ? width - 1 : k;
    const x = Float64Array.from(labels, (_own, row) => outputs[row * width + place]!);
    const hits = Float64Array.from(labels, (label) => (label === first + k ? 1 : 0));
    return fitIsotonic(x, hits, weights);
  });
};

const pick = ({ outputs, width, labels, weights }: HeldOutClasses, isIn: (row: number) => boolean): HeldOutClasses => {
  const rows = Array.from({ length: labels.length }, (_, row) => row).filter(isIn);
  return {
    outputs: rows.flatMap((row) => Array.from({ length: width }, (_, k) => outputs[row * width + k]!)),
    ...{ width, labels: rows.map((row) => labels[row]!) },
    weights: weights && rows.map((row) => weights[row]!),
  };
};

const chanceOf = (outputs: ArrayLike<number>, width: number, row: number, label: number): number => {
  const chance = width === 1 ? (label > 0.5 ? outputs[row]! : 1 - outputs[row]!) : outputs[row * width + label]!;
  return Math.max(chance, leastProbability);
};

/** What each row's log-likelihood gains by curves that were fitted to the others' folds, times its weight. */
const gainsOf = (held: HeldOutClasses, log: (x: number) => number): number[] =>
  Array.from({ length: folds }, (_, fold) => {
    const others = pick(held, (row) => row % folds !== fold);
    const own = pick(held, (row) => row % folds === fold);
    const curves = curvesOf(others);
    const after = calibrateOutputs({ curves }, own.outputs, own.width);
    return Array.from(own.labels, (label, row) => {
      const [now, before] = [after, own.outputs].map((outputs) => log(chanceOf(outputs, own.width, row, label)));
      const gain = now! - before!;
      return own.weights === null ? gain : own.weights[row]! * gain;
    });
  }).flat();

/**
 * The curves that held-out rows prefer; null: they prefer none by a standard error, or are too few to be divided. Each row is judged by curves that were not fitted to it, and the curves that are kept are of all.
 * @param log the natural logarithm, with the same bits on every machine
 */
export const chooseIsotonic = (held: HeldOutClasses, log: (x: number) => number): IsotonicCalibration | null => {
  const rows = held.labels.length;
  if (rows < 2 * folds) return null;
  const gains = gainsOf(held, log);
  const gain = gains.reduce((sum, own) => sum + own, 0) / rows;
  const squares = gains.reduce((sum, own) => sum + (own - gain) * (own - gain), 0);
  if (!(gain > margin * Math.sqrt(squares / rows / (rows - 1)))) return null;
  return { rows, gain, curves: curvesOf(held) };
};
