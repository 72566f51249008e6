import { exp64, log64 } from "../kernels/math64.ts";
import { abreast, addProducts } from "./cholesky.ts";
import { blockRows, type Design, type Pulse, writeRow } from "./design.ts";
import { square } from "./square.ts";

/**
 * Softmax regression with one linear predictor for each class from `first` on: 1 leaves the first class at 0, whose contrasts the others are; 0 gives every
 * class its own, as a penalty on all of them asks for.
 */
export interface Softmax {
  readonly design: Design;
  /** Index of each row's class. */
  readonly labels: ArrayLike<number>;
  /** How much each row counts; null: once. */
  readonly weights: Float64Array | null;
  readonly classes: number;
  readonly first: 0 | 1;
  /** Of each coefficient, class by class; null: no penalty. */
  readonly curvatures: Float64Array | null;
}

export const softmaxSize = ({ design, classes, first }: Softmax): number => (classes - first) * design.columns.length;

/** −ln p of the class of a row that lies in `x`; the probabilities of all classes into `p`. */
const lossOf = (model: Softmax, x: Float64Array, beta: ArrayLike<number>, label: number, p: Float64Array): number => {
  const { classes, first } = model;
  const width = x.length;
  let top = first === 1 ? 0 : Number.NEGATIVE_INFINITY;
  if (first === 1) p[0] = 0;
  for (let k = first; k < classes; k++) {
    const start = (k - first) * width;
    let eta = 0;
    for (let j = 0; j < width; j++) eta += x[j]! * beta[start + j]!;
    p[k] = eta;
    if (eta > top) top = eta;
  }
  const own = p[label]!;
  let total = 0;
  for (let k = 0; k < classes; k++) {
    p[k] = exp64(p[k]! - top);
    total += p[k]!;
  }
  for (let k = 0; k < classes; k++) p[k]! /= total;
  return top + log64(total) - own;
};

/** Adds weight · (pₖ − [k is the label]) x, class by class. */
const addGradient = (
  { classes, first }: Softmax,
  x: Float64Array,
  { label, weight, p }: { readonly label: number; readonly weight: number; readonly p: Float64Array },
  gradient: Float64Array,
): void => {
  for (let k = first; k < classes; k++) {
    const error = weight * (p[k]! - (k === label ? 1 : 0));
    const start = (k - first) * x.length;
    for (let j = 0; j < x.length; j++) gradient[start + j]! += error * x[j]!;
  }
};

const penaltyOf = (curvatures: Float64Array | null, beta: ArrayLike<number>): number => {
  let sum = 0;
  if (curvatures !== null) for (const [j, curvature] of curvatures.entries()) sum += 0.5 * curvature * square(beta[j]!);
  return sum;
};

/** Σ −w·ln p of the rows' classes, plus the penalty; its gradient into `gradient`. */
export const softmaxObjective = (model: Softmax, beta: Float64Array, gradient: Float64Array, pulse: Pulse): number => {
  const { design, labels, weights, classes, curvatures } = model;
  const x = new Float64Array(design.columns.length);
  const p = new Float64Array(classes);
  gradient.fill(0);
  let sum = 0;
  for (let row = 0; row < design.rows; row++) {
    writeRow(design, row, 1, x, 0);
    const [label, weight] = [labels[row]!, weights === null ? 1 : weights[row]!];
    sum += weight * lossOf(model, x, beta, label, p);
    addGradient(model, x, { label, weight, p }, gradient);
    if (row % blockRows === 0) pulse();
  }
  if (curvatures !== null) for (const [j, curvature] of curvatures.entries()) gradient[j]! += curvature * beta[j]!;
  return sum + penaltyOf(curvatures, beta);
};

/** The objective, its Hessian (its lower triangle, row-major) into `out`, Σ w·pₖ(δₖₗ − pₗ) x xᵀ, and its gradient. */
export const softmaxHessian = (
  model: Softmax,
  beta: Float64Array,
  out: Float64Array,
  gradient: Float64Array,
  pulse: Pulse,
): number => {
  const { design, labels, weights, classes, first, curvatures } = model;
  const width = design.columns.length;
  const size = softmaxSize(model);
  const x = new Float64Array(abreast * width);
  const [own, scales] = [new Float64Array(abreast), new Float64Array(abreast)];
  const rows = Array.from({ length: abreast }, (_, i) => ({
    x: x.subarray(i * width, (i + 1) * width),
    p: new Float64Array(classes),
  }));
  out.fill(0, 0, size * size);
  gradient.fill(0);
  let sum = 0;
  for (let from = 0; from < design.rows; from += abreast) {
    own.fill(0);
    for (let i = 0; i < abreast && from + i < design.rows; i++) {
      const { x: values, p } = rows[i]!;
      const row = from + i;
      writeRow(design, row, 1, values, 0);
      const [label, weight] = [labels[row]!, weights === null ? 1 : weights[row]!];
      sum += weight * lossOf(model, values, beta, label, p);
      addGradient(model, values, { label, weight, p }, gradient);
      own[i] = weight;
    }
    for (let k = first; k < classes; k++)
      for (let l = first; l <= k; l++) {
        for (let i = 0; i < abreast; i++) {
          const { p } = rows[i]!;
          scales[i] = own[i]! * (k === l ? p[k]! * (1 - p[k]!) : -p[k]! * p[l]!);
        }
        const start = (k - first) * width * size + (l - first) * width;
        addProducts(out, x, scales, { start, size, lower: k === l });
      }
    if (from % blockRows === 0) pulse();
  }
  if (curvatures === null) return sum;
  for (let j = 0; j < size; j++) {
    out[j * size + j]! += curvatures[j]!;
    gradient[j]! += curvatures[j]! * beta[j]!;
  }
  // What is added to the intercepts of all classes changes nothing: their sum is held where it is.
  if (first === 0)
    for (let k = 0; k < classes; k++) for (let l = 0; l <= k; l++) out[k * width * size + l * width]! += design.rows;
  return sum + penaltyOf(curvatures, beta);
};
