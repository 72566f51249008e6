import type { LossSpec } from "../../domain/jobs/spec/parts/loss-spec.ts";
import type { Value } from "../graph/graph.ts";
import { activation, softmax } from "../graph/ops/activation.ts";
import { columnsFrom } from "../graph/ops/columns.ts";
import { add, exp, log, scaled, sub } from "../graph/ops/elementwise.ts";
import {
  absoluteError,
  binaryCrossEntropy,
  gaussian,
  huber,
  poisson,
  softmaxCrossEntropy,
  squaredError,
} from "../graph/ops/loss.ts";
import type { DType } from "../tensor/dtype.ts";
import { columnsOf, rowsOf } from "../tensor/shape.ts";
import { pinballLevels } from "./pinball.ts";

/** How labels lie in memory: i32 classes [rows], or floats [rows, columns]. */
export const labelType = (loss: LossSpec, outputs: number): { readonly dtype: DType; readonly columns: number } => {
  if (loss.type === "cross_entropy") return { dtype: "i32", columns: 1 };
  if (loss.type === "pinball") return { dtype: "float", columns: outputs / pinballLevels(loss).length };
  return { dtype: "float", columns: loss.type === "gaussian_nll" ? outputs / 2 : outputs };
};

/** Names and lengths of the weight vectors that a loss with class weights reads. */
export const classWeightLeaves = (
  loss: LossSpec,
  outputs: number,
): readonly { readonly name: string; readonly length: number }[] => {
  if (loss.type === "cross_entropy" && loss.classWeights) return [{ name: "data.classWeights", length: outputs }];
  if (loss.type !== "binary_cross_entropy" || !loss.classWeights) return [];
  return [
    { name: "data.positiveWeights", length: 1 },
    { name: "data.columnWeights", length: 1 },
  ];
};

/**
 * The mini-batch's loss, a scalar: the mean over rows, and over columns too where there are several. Class weights v enter as (1/rows)·Σ v[label]·ℓ, so that
 * balanced weights, whose mean over the data is 1, leave the scale of the loss alone; so do weights of rows, (1/rows)·Σ w·ℓ.
 * @param rows of the whole mini-batch, where x is a part of it: then the parts' losses add up to that of the whole
 */
export const lossValue = (
  spec: LossSpec,
  x: Value,
  { labels, rowWeights = null }: { readonly labels: Value; readonly rowWeights?: Value | null },
  rows = rowsOf(x.shape),
): Value => {
  const { graph } = x;
  const columns = spec.type === "cross_entropy" ? 1 : columnsOf(labels.shape);
  const factor = 1 / (rows * columns);
  const scale = graph.constant([factor], [], "f64");
  const weights = Object.fromEntries(
    classWeightLeaves(spec, columnsOf(x.shape)).map(({ name, length }) => [name, graph.leaf(name, [length])]),
  );
  switch (spec.type) {
    case "cross_entropy": {
      const classWeights = weights["data.classWeights"] ?? null;
      return softmaxCrossEntropy(
        { x, labels, scale, classWeights, rowWeights },
        { factor, smoothing: spec.labelSmoothing },
      ).out;
    }
    case "binary_cross_entropy": {
      const positiveWeights = weights["data.positiveWeights"] ?? null;
      const columnWeights = weights["data.columnWeights"] ?? null;
      return binaryCrossEntropy(
        { x, targets: labels, scale, positiveWeights, columnWeights, rowWeights },
        { factor, smoothing: spec.labelSmoothing },
      ).out;
    }
    case "mean_squared_error":
      return squaredError({ x, targets: labels, scale, rowWeights }, { factor }).out;
    case "mean_absolute_error":
      return absoluteError({ x, targets: labels, scale, rowWeights }, { factor }).out;
    case "huber":
      return huber({ x, targets: labels, scale, rowWeights }, { factor, delta: spec.delta }).out;
    case "poisson_nll":
      return poisson({ x, targets: labels, scale, rowWeights }, { factor }).out;
    case "gamma_nll": {
      // y/μ − ln(y/μ) is Poisson's loss of a count of 1 at the rate y/μ.
      const ratio = sub({ a: log({ x: labels }, {}).out, b: x }, {}).out;
      return poisson({ x: ratio, targets: onesLike(labels), scale, rowWeights }, { factor }).out;
    }
    case "pinball": {
      const targets = scaled(labels, 0);
      const lossOf = (own: Value, level: number): Value =>
        absoluteError({ x: pinballRamp(own, labels, level), targets, scale, rowWeights }, { factor }).out;
      const levels = pinballLevels(spec);
      if (levels.length === 1) return lossOf(x, spec.quantile);
      const each = levels.map((level, i) => lossOf(columnsFrom(x, i, 1), level));
      return scaled(
        each.reduce((a, b) => add({ a, b }, {}).out),
        1 / levels.length,
      );
    }
    case "negative_binomial_nll":
      throw new Error("a negative binomial model is solved, not trained");
    case "gaussian_nll":
      return gaussian({ x, targets: labels, scale, rowWeights }, { factor }).out;
  }
};

/** ±ρ(y − x) = |τ·r| or |(1 − τ)·r|, by side: a leaky ramp, turned so that its slope below is the smaller one. */
const pinballRamp = (x: Value, labels: Value, quantile: number): Value => {
  const above = quantile >= 0.5;
  const residual = above ? sub({ a: labels, b: x }, {}).out : sub({ a: x, b: labels }, {}).out;
  const steep = above ? quantile : 1 - quantile;
  const ramp = activation({ x: residual }, { kind: "leakyRelu", slope: (1 - steep) / steep }).out;
  return scaled(ramp, steep);
};

const onesLike = (x: Value): Value => exp({ x: scaled(x, 0) }, {}).out;

/** The output is the logarithm of a mean. */
const hasRate = ({ type }: LossSpec): boolean =>
  type === "poisson_nll" || type === "negative_binomial_nll" || type === "gamma_nll";

/** What the model says, from its linear predictor: probabilities, the rate of a count, or the predictor itself. */
export const predictionValue = (spec: LossSpec, x: Value): Value => {
  if (spec.type === "cross_entropy") return softmax({ x }, {}).out;
  if (spec.type === "binary_cross_entropy") return activation({ x }, { kind: "sigmoid", slope: 0 }).out;
  if (hasRate(spec)) return exp({ x }, {}).out;
  return x;
};
