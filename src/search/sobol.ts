import { philox4x32, seedWords } from "../engine/kernels/philox.ts";
import { buildPoint, type Dimension, fromUnit, type Point } from "./dimension.ts";
import { drawPurposes } from "./draws.ts";
import { sobolDirections } from "./sobol-directions.ts";

const bits = 32;

/** The direction numbers v₁ … v₃₂ of a dimension, the highest bit being ½: v_k = a₁v_{k−1} ⊕ … ⊕ v_{k−s} ⊕ (v_{k−s} >> s). */
const directionsOf = (dimension: number): Uint32Array => {
  const v = new Uint32Array(bits);
  if (dimension === 0) return v.map((_, k) => 1 << (bits - 1 - k));
  const [degree = 0, coefficients = 0, ...initial] = sobolDirections[dimension - 1] ?? [];
  for (let k = 0; k < bits; k++) {
    if (k < degree) {
      v[k] = initial[k]! << (bits - 1 - k);
      continue;
    }
    let value = v[k - degree]! ^ (v[k - degree]! >>> degree);
    for (let i = 1; i < degree; i++) {
      if ((coefficients >>> (degree - 1 - i)) & 1) value ^= v[k - i]!;
    }
    v[k] = value;
  }
  return v;
};

/** Coordinate of point `index` of Sobol's sequence, 32 bits; in Gray code's order, as Antonov & Saleev have it. */
export const sobolBits = (index: number, dimension: number): number => {
  const directions = directionsOf(dimension);
  let gray = (index ^ (index >>> 1)) >>> 0;
  let value = 0;
  for (let k = 0; gray !== 0; k++, gray >>>= 1) if (gray & 1) value ^= directions[k]!;
  return value >>> 0;
};

/**
 * Owen's nested uniform scrambling (1995): each bit is turned over or not by a random bit that depends on those above it, so that the points stay as even as
 * they were, each is uniform, and another seed gives others.
 */
export const scramble = (value: number, dimension: number, seed: number): number => {
  const { seedLow, seedHigh } = seedWords(seed);
  let result = 0;
  for (let k = 0; k < bits; k++) {
    const above = k === 0 ? 0 : value >>> (bits - k);
    const [flip] = philox4x32([above, drawPurposes.sobol, dimension, k], [seedLow, seedHigh]);
    result = ((result << 1) | (((value >>> (bits - 1 - k)) ^ flip) & 1)) >>> 0;
  }
  return result;
};

/** Trial `number` is point `number` of the scrambled sequence. */
export const sobolPoint = (dimensions: readonly Dimension[], seed: number, number: number): Point =>
  buildPoint(dimensions, (dimension, i) => fromUnit(dimension, scramble(sobolBits(number, i), i, seed) / 4294967296));
