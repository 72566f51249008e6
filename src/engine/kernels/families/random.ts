import type { InfoOf } from "../kernel-info.ts";

/**
 * Counter-based randomness: Philox 4×32-10 (Salmon et al. 2011). Element e of a call takes word e mod 4 of the block with
 * key (seed lo, seed hi) and counter (⌊e / 4⌋, purpose, index lo, index hi), as philox.ts does: the bits depend on nothing else.
 * `state` points to four u32, seed lo, seed hi, index lo, index hi, so that a plan's arguments stay fixed while the step counter in memory advances.
 * Units: elements.
 */
export interface RandomKernels {
  /** out[e] (u32) = the random word itself. */
  randomBits(out: number, state: number, purpose: number, start: number, end: number): void;
  /** out[e] = low + (high − low) · u, u = ⌊word / 2⁸⌋ · 2⁻²⁴ in [0, 1). */
  randomUniform(
    out: number,
    state: number,
    purpose: number,
    low: number,
    high: number,
    start: number,
    end: number,
  ): void;
  /**
   * out[e] = mean + deviation · z, z by Box & Muller (1958) from the words of the pair (e & ~1, e | 1): r = √(−2 ln u₁),
   * u₁ = (⌊word₀ / 2⁸⌋ + 1) · 2⁻²⁴, u₂ = ⌊word₁ / 2⁸⌋ · 2⁻²⁴; z = r cos 2πu₂ for even e, r sin 2πu₂ for odd.
   */
  randomNormal(
    out: number,
    state: number,
    purpose: number,
    mean: number,
    deviation: number,
    start: number,
    end: number,
  ): void;
  /**
   * out[e] = x[e] / (1 − rate) where u[e] ≥ rate, else 0 (Srivastava et al. 2014, inverted). No mask is stored: called on dy with the same state
   * and purpose it is its own gradient. rate < 1.
   */
  dropout(out: number, x: number, state: number, purpose: number, rate: number, start: number, end: number): void;
}

export const randomInfo: InfoOf<RandomKernels> = {
  randomBits: { args: ["out", "state", "purpose"], unit: "elements", grain: 16 },
  randomUniform: { args: ["out", "state", "purpose", "low", "high"], unit: "elements", grain: 16 },
  randomNormal: { args: ["out", "state", "purpose", "mean", "deviation"], unit: "elements", grain: 16 },
  dropout: { args: ["out", "x", "state", "purpose", "rate"], unit: "elements", grain: 16 },
};
