import type { InfoOf } from "../kernel-info.ts";

/**
 * Activations and their gradients: dx = dy · f′. A gradient reads the activation's output `y` where f′ can be had from it, its input `x` otherwise.
 * Units: elements; for the softmax family rows of `columns` elements. `out` may be `x`, `dx` may be `dy`.
 */
export interface ActivationKernels {
  /** y = 1 / (1 + e⁻ˣ) */
  sigmoid(out: number, x: number, start: number, end: number): void;
  /** dx = dy · y (1 − y) */
  sigmoidGrad(dx: number, dy: number, y: number, start: number, end: number): void;
  /** y = tanh x */
  tanh(out: number, x: number, start: number, end: number): void;
  /** dx = dy · (1 − y²) */
  tanhGrad(dx: number, dy: number, y: number, start: number, end: number): void;
  /** y = x if x > 0, else 0 (a NaN stays NaN) */
  relu(out: number, x: number, start: number, end: number): void;
  /** dx = dy where y > 0, else 0 */
  reluGrad(dx: number, dy: number, y: number, start: number, end: number): void;
  /** y = x if x > 0, else slope · x; slope > 0 */
  leakyRelu(out: number, x: number, slope: number, start: number, end: number): void;
  /** dx = dy where y > 0, else slope · dy */
  leakyReluGrad(dx: number, dy: number, y: number, slope: number, start: number, end: number): void;
  /** y = x Φ(x), Φ the standard normal distribution function (Hendrycks & Gimpel 2016, exact form by erf) */
  gelu(out: number, x: number, start: number, end: number): void;
  /** dx = dy · (Φ(x) + x φ(x)); reads the input x */
  geluGrad(dx: number, dy: number, x: number, start: number, end: number): void;
  /** y = x σ(x) */
  silu(out: number, x: number, start: number, end: number): void;
  /** dx = dy · σ(x) (1 + x (1 − σ(x))); reads the input x */
  siluGrad(dx: number, dy: number, x: number, start: number, end: number): void;
  /** y = ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|) */
  softplus(out: number, x: number, start: number, end: number): void;
  /** dx = dy · σ(x); reads the input x */
  softplusGrad(dx: number, dy: number, x: number, start: number, end: number): void;
  /** y = min(max(x / 6 + 1/2, 0), 1) */
  hardSigmoid(out: number, x: number, start: number, end: number): void;
  /** dx = dy / 6 where 0 < y < 1, else 0 */
  hardSigmoidGrad(dx: number, dy: number, y: number, start: number, end: number): void;
  /** y = x · min(max(x / 6 + 1/2, 0), 1) (Howard et al. 2019) */
  hardSwish(out: number, x: number, start: number, end: number): void;
  /** dx = 0 where x < −3, dy where x > 3, else dy · (x / 3 + 1/2); reads the input x */
  hardSwishGrad(dx: number, dy: number, x: number, start: number, end: number): void;
  /** y = erf x = 2 Φ(√2 x) − 1; its error is absolute, below 2⁻²² */
  erf(out: number, x: number, start: number, end: number): void;
  /** dx = dy · 2 e^(−x²) / √π; reads the input x */
  erfGrad(dx: number, dy: number, x: number, start: number, end: number): void;
  /** y = cos 2πx for |x| < 2²⁰; its error is absolute, below 2⁻²² */
  cosTurns(out: number, x: number, start: number, end: number): void;
  /** dx = −2π · dy · sin 2πx; reads the input x */
  cosTurnsGrad(dx: number, dy: number, x: number, start: number, end: number): void;

  /** y[i, j] = e^(x[i, j] − max) / Σⱼ e^(x[i, j] − max); units: rows */
  softmax(out: number, x: number, columns: number, start: number, end: number): void;
  /** dx[i, j] = y[i, j] · (dy[i, j] − Σⱼ dy[i, j] y[i, j]); units: rows */
  softmaxGrad(dx: number, dy: number, y: number, columns: number, start: number, end: number): void;
  /** y[i, j] = x[i, j] − max − ln Σⱼ e^(x[i, j] − max); units: rows */
  logSoftmax(out: number, x: number, columns: number, start: number, end: number): void;
  /** dx[i, j] = dy[i, j] − e^y[i, j] · Σⱼ dy[i, j]; reads the output y; units: rows */
  logSoftmaxGrad(dx: number, dy: number, y: number, columns: number, start: number, end: number): void;
}

/** Codes of the `activation` argument of gemm, conv2d and batchNorm. */
export const activationCodes = {
  identity: 0,
  relu: 1,
  leakyRelu: 2,
  sigmoid: 3,
  tanh: 4,
  gelu: 5,
  silu: 6,
  softplus: 7,
} as const;

const forward = { args: ["out", "x"], unit: "elements", grain: 16 } as const;
const fromOutput = { args: ["dx", "dy", "y"], unit: "elements", grain: 16 } as const;
const fromInput = { args: ["dx", "dy", "x"], unit: "elements", grain: 16 } as const;

export const activationInfo: InfoOf<ActivationKernels> = {
  sigmoid: forward,
  sigmoidGrad: fromOutput,
  tanh: forward,
  tanhGrad: fromOutput,
  relu: forward,
  reluGrad: fromOutput,
  leakyRelu: { args: ["out", "x", "slope"], unit: "elements", grain: 16 },
  leakyReluGrad: { args: ["dx", "dy", "y", "slope"], unit: "elements", grain: 16 },
  gelu: forward,
  geluGrad: fromInput,
  silu: forward,
  siluGrad: fromInput,
  softplus: forward,
  softplusGrad: fromInput,
  hardSigmoid: forward,
  hardSigmoidGrad: fromOutput,
  hardSwish: forward,
  hardSwishGrad: fromInput,
  erf: forward,
  erfGrad: fromInput,
  cosTurns: forward,
  cosTurnsGrad: fromInput,
  softmax: { args: ["out", "x", "columns"], unit: "rows", grain: 1 },
  softmaxGrad: { args: ["dx", "dy", "y", "columns"], unit: "rows", grain: 1 },
  logSoftmax: { args: ["out", "x", "columns"], unit: "rows", grain: 1 },
  logSoftmaxGrad: { args: ["dx", "dy", "y", "columns"], unit: "rows", grain: 1 },
};
