import type { RandomKernels } from "../families/random.ts";
import { cosTurns64, log64, sinTurns64 } from "../math64.ts";
import { philox4x32 } from "../philox.ts";
import type { ReferenceMemory } from "./memory.ts";

const ulp = 5.9604644775390625e-8; // 2⁻²⁴

export const referenceRandom = ({ get, set, getInteger, setInteger }: ReferenceMemory): RandomKernels => {
  const word = (state: number, purpose: number, e: number): number => {
    const [seedLow, seedHigh, indexLow, indexHigh] = [0, 1, 2, 3].map((i) => getInteger(state, i) >>> 0) as [
      number,
      number,
      number,
      number,
    ];
    const block = philox4x32([Math.floor(e / 4), purpose >>> 0, indexLow, indexHigh], [seedLow, seedHigh]);
    return block[e % 4] as number;
  };
  const uniform = (state: number, purpose: number, e: number): number => (word(state, purpose, e) >>> 8) * ulp;
  const normal = (state: number, purpose: number, e: number): number => {
    const radius = Math.sqrt(-2 * log64(uniform(state, purpose, e - (e % 2)) + ulp));
    const turns = uniform(state, purpose, e - (e % 2) + 1);
    return radius * (e % 2 === 0 ? cosTurns64(turns) : sinTurns64(turns));
  };
  return {
    randomBits: (out, state, purpose, start, end) => {
      for (let e = start; e < end; e++) setInteger(out, e, word(state, purpose, e) | 0);
    },
    randomUniform: (out, state, purpose, low, high, start, end) => {
      for (let e = start; e < end; e++) set(out, e, low + (high - low) * uniform(state, purpose, e));
    },
    randomNormal: (out, state, purpose, mean, deviation, start, end) => {
      for (let e = start; e < end; e++) set(out, e, mean + deviation * normal(state, purpose, e));
    },
    dropout: (out, x, state, purpose, rate, start, end) => {
      const threshold = Math.fround(rate);
      for (let e = start; e < end; e++)
        set(out, e, uniform(state, purpose, e) >= threshold ? get(x, e) / (1 - rate) : 0);
    },
  };
};
