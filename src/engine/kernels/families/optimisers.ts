import type { InfoOf } from "../kernel-info.ts";

/**
 * The block that `hyper` points to: three f64 which change from step to step. One block for each group of layers with its own learning rate.
 * Adam's corrections are 1 − β₁ᵗ and 1 − β₂ᵗ for the t-th step, t = 1, 2, …
 */
export const hyperBytes = 32;
export const hyperSlots = { learningRate: 0, correction1: 1, correction2: 2 } as const;

/**
 * Optimiser updates, each one pass over a contiguous range of the flat parameters. Units: elements.
 * The gradient that enters every rule is g′ = clip · g + l2 · w + l1 · sign(w), `clip` pointing to one f64 (or 0: factor 1); the penalties are thus
 * l1 Σ|w| + l2/2 Σw². Decoupled decay (Loshchilov & Hutter 2019): w ← w − η · decay · w, before the rule. η is the learning rate in `hyper`.
 * Slots that decay (m, v, RMSprop's s) become 0 when they fall below the smallest normal number.
 */
export interface OptimiserKernels {
  /** w ← w − η g′ */
  sgd(
    w: number,
    g: number,
    hyper: number,
    clip: number,
    l1: number,
    l2: number,
    decay: number,
    start: number,
    end: number,
  ): void;
  /** m ← β m + η g′; w ← w − m, or w ← w − (β m + η g′) if nesterov (Nesterov 1983, as Sutskever et al. 2013 write it). */
  momentum(
    w: number,
    g: number,
    m: number,
    hyper: number,
    clip: number,
    l1: number,
    l2: number,
    decay: number,
    beta: number,
    nesterov: number,
    start: number,
    end: number,
  ): void;
  /** s ← s + g′²; w ← w − η g′ / √(s + ε), or / (√s + ε) if epsilonOutside (Duchi et al. 2011). */
  adagrad(
    w: number,
    g: number,
    s: number,
    hyper: number,
    clip: number,
    l1: number,
    l2: number,
    decay: number,
    epsilon: number,
    epsilonOutside: number,
    start: number,
    end: number,
  ): void;
  /** s ← α s + (1 − α) g′²; w ← w − η g′ / √(s + ε), or / (√s + ε) if epsilonOutside (Tieleman & Hinton 2012). */
  rmsprop(
    w: number,
    g: number,
    s: number,
    hyper: number,
    clip: number,
    l1: number,
    l2: number,
    decay: number,
    alpha: number,
    epsilon: number,
    epsilonOutside: number,
    start: number,
    end: number,
  ): void;
  /**
   * m ← β₁ m + (1 − β₁) g′; v ← β₂ v + (1 − β₂) g′²; w ← w − η (m / correction1) / (√(v / correction2) + ε)
   * (Kingma & Ba 2015, algorithm 1). With decay > 0 it is AdamW.
   */
  adam(
    w: number,
    g: number,
    m: number,
    v: number,
    hyper: number,
    clip: number,
    l1: number,
    l2: number,
    decay: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    start: number,
    end: number,
  ): void;
}

const common = ["hyper", "clip", "l1", "l2", "decay"] as const;

export const optimiserInfo: InfoOf<OptimiserKernels> = {
  sgd: { args: ["w", "g", ...common], unit: "elements", grain: 16 },
  momentum: { args: ["w", "g", "m", ...common, "beta", "nesterov"], unit: "elements", grain: 16 },
  adagrad: { args: ["w", "g", "s", ...common, "epsilon", "epsilonOutside"], unit: "elements", grain: 16 },
  rmsprop: { args: ["w", "g", "s", ...common, "alpha", "epsilon", "epsilonOutside"], unit: "elements", grain: 16 },
  adam: { args: ["w", "g", "m", "v", ...common, "beta1", "beta2", "epsilon"], unit: "elements", grain: 16 },
};
