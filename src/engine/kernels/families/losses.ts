import type { InfoOf } from "../kernel-info.ts";

/**
 * Losses fused with their gradients. Units: rows. For each row i
 *   loss[i] = wᵢ · ℓᵢ                          (ℓᵢ summed over the row's columns; not scaled)
 *   dx[i, ·] = scale · wᵢ · ∂ℓᵢ/∂x[i, ·]
 * `rowWeights` is a vector of wᵢ or 0 (all 1); `scale` points to one f64 (1 / rows for a mean over rows, 1 / (rows · columns) over elements), so that it
 * may be computed in the plan. The batch's loss is scale · Σ loss[i]. `dx` may be 0: only the loss is wanted. `dx` may be `x`.
 */
export interface LossKernels {
  /**
   * Softmax cross-entropy from logits x [rows, classes] with i32 labels: the negative log-likelihood of a categorical distribution.
   * With label smoothing s and class weights v (a vector of `classes` elements, or 0 for all 1), as PyTorch defines them:
   * t[j] = v[j] · ((1 − s) [j = label] + s / classes), ℓ = −Σⱼ t[j] ln pⱼ, ∂ℓ/∂x[j] = pⱼ Σt − t[j].
   * A row with a label outside 0 … classes − 1 has loss 0 and gradient 0. Elements of dx below 2⁻¹⁰⁰ in size are 0: the products behind them would be
   * subnormal, and slow.
   */
  softmaxCrossEntropy(
    loss: number,
    dx: number,
    x: number,
    labels: number,
    classWeights: number,
    rowWeights: number,
    scale: number,
    classes: number,
    smoothing: number,
    start: number,
    end: number,
  ): void;
  /**
   * out (one f64) = 1 / Σᵢ wᵢ v[labelᵢ], the factor of a weighted mean as PyTorch takes it (0 if the sum is 0); labels outside the classes are left out;
   * units: one.
   */
  labelWeightScale(
    out: number,
    labels: number,
    classWeights: number,
    rowWeights: number,
    rows: number,
    classes: number,
    start: number,
    end: number,
  ): void;
  /**
   * Binary cross-entropy from logits, targets t in [0, 1] of x's shape: the negative log-likelihood of a Bernoulli distribution.
   * t′ = (1 − s) t + s / 2; ℓ = Σⱼ v[j] · ((1 − t′) x + (1 + (p[j] − 1) t′) · ln(1 + e⁻ˣ)), p positive weights and v column weights
   * (vectors of `columns` elements, or 0 for all 1).
   */
  binaryCrossEntropy(
    loss: number,
    dx: number,
    x: number,
    targets: number,
    positiveWeights: number,
    columnWeights: number,
    rowWeights: number,
    scale: number,
    columns: number,
    smoothing: number,
    start: number,
    end: number,
  ): void;
  /** ℓ = Σⱼ (x − t)²; ∂ℓ/∂x = 2 (x − t). */
  squaredError(...args: RegressionLossArguments): void;
  /** ℓ = Σⱼ |x − t|; ∂ℓ/∂x = sign(x − t). The negative log-likelihood of a Laplace distribution but for constants. */
  absoluteError(...args: RegressionLossArguments): void;
  /** ℓ = Σⱼ d²/2 where |d| ≤ δ, else δ (|d| − δ/2), with d = x − t (Huber 1964). */
  huber(
    loss: number,
    dx: number,
    x: number,
    targets: number,
    rowWeights: number,
    scale: number,
    columns: number,
    delta: number,
    start: number,
    end: number,
  ): void;
  /** ℓ = Σⱼ eˣ − t x, x = ln of the rate: the negative log-likelihood of a Poisson distribution without ln t!; ∂ℓ/∂x = eˣ − t. */
  poisson(...args: RegressionLossArguments): void;
  /**
   * x [rows, 2 · columns] holds each row's means μ, then its log-variances s; targets [rows, columns].
   * ℓ = Σⱼ (s + (t − μ)² e⁻ˢ) / 2: the negative log-likelihood of a normal distribution without ln(2π) / 2.
   * ∂ℓ/∂μ = (μ − t) e⁻ˢ; ∂ℓ/∂s = (1 − (t − μ)² e⁻ˢ) / 2.
   */
  gaussian(...args: RegressionLossArguments): void;
}

export type RegressionLossArguments = [
  loss: number,
  dx: number,
  x: number,
  targets: number,
  rowWeights: number,
  scale: number,
  columns: number,
  start: number,
  end: number,
];

const regression = {
  args: ["loss", "dx", "x", "targets", "rowWeights", "scale", "columns"],
  unit: "rows",
  grain: 16,
} as const;

export const lossInfo: InfoOf<LossKernels> = {
  softmaxCrossEntropy: {
    args: ["loss", "dx", "x", "labels", "classWeights", "rowWeights", "scale", "classes", "smoothing"],
    unit: "rows",
    grain: 16,
  },
  labelWeightScale: { args: ["out", "labels", "classWeights", "rowWeights", "rows", "classes"], unit: "one", grain: 1 },
  binaryCrossEntropy: {
    args: [
      "loss",
      "dx",
      "x",
      "targets",
      "positiveWeights",
      "columnWeights",
      "rowWeights",
      "scale",
      "columns",
      "smoothing",
    ],
    unit: "rows",
    grain: 16,
  },
  squaredError: regression,
  absoluteError: regression,
  huber: {
    args: ["loss", "dx", "x", "targets", "rowWeights", "scale", "columns", "delta"],
    unit: "rows",
    grain: 16,
  },
  poisson: regression,
  gaussian: regression,
};
