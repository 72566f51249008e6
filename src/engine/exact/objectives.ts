import { exp64 } from "../kernels/math64.ts";
import { blockRows, type Design, type Observed, type Pulse, predictorOf, writeRow } from "./design.ts";
import type { Family } from "./families.ts";
import { square } from "./square.ts";

/** ½ (y − η)²: with its score, what L-BFGS needs of least squares. */
export const squares: Pick<Family, "loss" | "score"> = {
  loss: (label, eta) => 0.5 * square(label - eta),
  score: (label, eta) => label - eta,
};

/** Σ w·loss + ½ Σ curvatureⱼ βⱼ² of one linear predictor. `gradient`, if given, is filled. */
export const objectiveOf = (
  design: Design,
  { labels, weights, offsets }: Observed,
  family: Pick<Family, "loss" | "score">,
  curvatures: Float64Array | null,
  pulse: Pulse,
) => {
  const x = new Float64Array(design.columns.length);
  return (beta: Float64Array, gradient: Float64Array | null): number => {
    gradient?.fill(0);
    let sum = 0;
    for (let row = 0; row < design.rows; row++) {
      const own = predictorOf(design, row, beta);
      const eta = offsets === null ? own : own + offsets[row]!;
      const weight = weights === null ? 1 : weights[row]!;
      sum += weight * family.loss(labels[row]!, eta);
      if (gradient !== null) {
        writeRow(design, row, 1, x, 0);
        const score = weight * family.score(labels[row]!, eta);
        for (let j = 0; j < x.length; j++) gradient[j]! -= score * x[j]!;
      }
      if (row % blockRows === 0) pulse();
    }
    if (curvatures === null) return sum;
    for (const [j, curvature] of curvatures.entries()) {
      sum += 0.5 * curvature * square(beta[j]!);
      if (gradient !== null) gradient[j]! += curvature * beta[j]!;
    }
    return sum;
  };
};

/** Σ w·y / Σ w·e, e of what each count is. */
export const rateOf = ({ labels, weights, offsets }: Observed): number => {
  let [sum, total] = [0, 0];
  for (let row = 0; row < labels.length; row++) {
    const weight = weights === null ? 1 : weights[row]!;
    sum += weight * labels[row]!;
    total += offsets === null ? weight : weight * exp64(offsets[row]!);
  }
  return sum / total;
};
