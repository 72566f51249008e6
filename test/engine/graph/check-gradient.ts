import { expect } from "vitest";
import { gradients } from "../../../src/engine/graph/gradients.ts";
import type { Value } from "../../../src/engine/graph/graph.ts";
import { mul } from "../../../src/engine/graph/ops/elementwise.ts";
import { sum } from "../../../src/engine/graph/ops/reduction.ts";
import { reshaped } from "../../../src/engine/graph/ops/reshape.ts";
import { sizeOf } from "../../../src/engine/tensor/shape.ts";
import { inDouble, type LeafData } from "./in-double.ts";

/** Numbers that look random and are the same each time: the fractional parts of multiples of the golden ratio, in [low, high). */
export const spread = (count: number, low: number, high: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => low + (((i + 1 + seed * 7919) * 0.6180339887498949) % 1) * (high - low));

/** A scalar of any value: Σ r·y with fixed r, so that every element counts differently. */
export const weighted = (y: Value, seed: number): Value => {
  if (y.shape.length === 0) return y;
  const flat = reshaped(y, [sizeOf(y.shape)]);
  const weights = y.graph.constant(spread(sizeOf(y.shape), -1, 1, seed), flat.shape);
  return sum({ x: mul({ a: flat, b: weights }, {}).out }, {}).out;
};

/**
 * Compares ∂loss/∂leaf with the central difference of fourth order (8(L(x + h) − L(x − h)) − (L(x + 2h) − L(x − 2h))) / 12h in double precision for
 * every element of every float leaf in `wanted`. Second order is not enough where a batch of two rows that hardly differ is normalised: it bends there.
 */
export const checkGradient = (
  loss: Value,
  leaves: readonly LeafData[],
  wanted: readonly Value[],
  tolerance = 1e-6,
): void => {
  const values = gradients(loss, wanted);
  const present = wanted.map((_, i) => values[i]!).filter(Boolean);
  expect(present.length).toBe(wanted.length);
  const exact = inDouble(present, leaves)();
  const lossOf = inDouble([loss], leaves);
  const h = 1e-6;
  wanted.forEach((leaf, which) => {
    const at = leaves.find(({ value }) => value === leaf)!;
    for (let i = 0; i < at.data.length; i++) {
      const moved = (by: number): number => {
        const data = at.data.map((x, j) => (j === i ? x + by : x));
        return lossOf(leaves.map((other) => (other === at ? { value: leaf, data } : other)))[0]![0]!;
      };
      const difference = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h);
      const found = exact[which]![i]!;
      const scale = Math.max(1, Math.abs(difference), Math.abs(found));
      expect(
        Math.abs(found - difference) / scale,
        `element ${i} of leaf ${which}: ${found} against ${difference}`,
      ).toBeLessThan(tolerance);
    }
  });
};
