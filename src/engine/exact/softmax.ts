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

/** Probabilities of all classes of a row that lies in `x`, into `out`; returns ln Σ e^η. */
const probabilities = (model: Softmax, x: Float64Array, beta: ArrayLike<number>, out: Float64Array): number => {
  const { classes, first } = model;
  const width = x.length;
  let top = first === 1 ? 0 : Number.NEGATIVE_INFINITY;
  if (first === 1) out[0] = 0;
  for (let k = first; k < classes; k++) {
    const start = (k - first) * width;
    let eta = 0;
    for (let j = 0; j < width; j++) eta += x[j]! * beta[start + j]!;
    out[k] = eta;
    if (eta > top) top = eta;
  }
  let total = 0;
  for (let k = 0; k < classes; k++) {
    out[k] = exp64(out[k]! - top);
    total += out[k]!;
  }
  for (let k = 0; k < classes; k++) out[k]! /= total;
  return top + log64(total);
};

const penaltyOf = (curvatures: Float64Array | null, beta: ArrayLike<number>): number => {
  let sum = 0;
  if (curvatures !== null) for (const [j, curvature] of curvatures.entries()) sum += 0.5 * curvature * square(beta[j]!);
  return sum;
};

/** Σ −w·ln p of the rows' classes, plus the penalty. `gradient`, if given, is filled. */
export const softmaxObjective = (
  model: Softmax,
  beta: Float64Array,
  gradient: Float64Array | null,
  pulse: Pulse,
): number => {
  const { design, labels, weights, classes, first, curvatures } = model;
  const width = design.columns.length;
  const x = new Float64Array(width);
  const p = new Float64Array(classes);
  gradient?.fill(0);
  let sum = 0;
  for (let row = 0; row < design.rows; row++) {
    writeRow(design, row, 1, x, 0);
    const label = labels[row]!;
    const logTotal = probabilities(model, x, beta, p);
    let eta = 0;
    const own = (label - first) * width;
    if (label >= first) for (let j = 0; j < width; j++) eta += x[j]! * beta[own + j]!;
    const weight = weights === null ? 1 : weights[row]!;
    sum += weight * (logTotal - eta);
    if (gradient !== null)
      for (let k = first; k < classes; k++) {
        const error = weight * (p[k]! - (k === label ? 1 : 0));
        const start = (k - first) * width;
        for (let j = 0; j < width; j++) gradient[start + j]! += error * x[j]!;
      }
    if (row % blockRows === 0) pulse();
  }
  if (gradient !== null && curvatures !== null)
    for (const [j, curvature] of curvatures.entries()) gradient[j]! += curvature * beta[j]!;
  return sum + penaltyOf(curvatures, beta);
};

/** The Hessian (its lower triangle, row-major) of the objective into `out`, Σ w·pₖ(δₖₗ − pₗ) x xᵀ, and its gradient. */
export const softmaxHessian = (
  model: Softmax,
  beta: Float64Array,
  out: Float64Array,
  gradient: Float64Array,
  pulse: Pulse,
): void => {
  const { design, labels, weights, classes, first, curvatures } = model;
  const width = design.columns.length;
  const size = softmaxSize(model);
  const x = new Float64Array(abreast * width);
  const rowsOf = Array.from({ length: abreast }, (_, i) => x.subarray(i * width, (i + 1) * width));
  const p = Array.from({ length: abreast }, () => new Float64Array(classes));
  const [own, scales] = [new Float64Array(abreast), new Float64Array(abreast)];
  out.fill(0, 0, size * size);
  gradient.fill(0);
  for (let row = 0; row < design.rows; row += abreast) {
    const count = Math.min(abreast, design.rows - row);
    own.fill(0);
    for (let i = 0; i < count; i++) {
      const [values, chances] = [rowsOf[i]!, p[i]!];
      writeRow(design, row + i, 1, values, 0);
      probabilities(model, values, beta, chances);
      own[i] = weights === null ? 1 : weights[row + i]!;
      for (let k = first; k < classes; k++) {
        const error = own[i]! * (chances[k]! - (k === labels[row + i] ? 1 : 0));
        const start = (k - first) * width;
        for (let j = 0; j < width; j++) gradient[start + j]! += error * values[j]!;
      }
    }
    for (let k = first; k < classes; k++)
      for (let l = first; l <= k; l++) {
        for (let i = 0; i < abreast; i++) {
          const [a, b] = [p[i]![k]!, p[i]![l]!];
          scales[i] = own[i]! * (k === l ? a * (1 - a) : -a * b);
        }
        const start = (k - first) * width * size + (l - first) * width;
        addProducts(out, x, scales, { start, size, lower: k === l });
      }
    if (row % blockRows === 0) pulse();
  }
  if (curvatures === null) return;
  for (let j = 0; j < size; j++) {
    out[j * size + j]! += curvatures[j]!;
    gradient[j]! += curvatures[j]! * beta[j]!;
  }
  // What is added to the intercepts of all classes changes nothing: their sum is held where it is.
  if (first === 0)
    for (let k = 0; k < classes; k++) for (let l = 0; l <= k; l++) out[k * width * size + l * width]! += design.rows;
};
