import { createRandomStream, seedWords } from "../engine/kernels/philox.ts";

/** Philox purposes of a study, "study" being 0x5374; far from the small numbers of the engine's. */
export const drawPurposes = {
  random: 0x53740001,
  sobol: 0x53740002,
  grid: 0x53740003,
  bracket: 0x53740004,
  bootstrap: 0x53740005,
  tpe: 0x53741000,
} as const;

export interface Draws {
  /** In [0, 1), a multiple of 2⁻⁵³. */
  unit(): number;
  below(bound: number): number;
}

/** An index, each as likely as its weight. `total` is the sum of the weights, as the caller has it to the bit. */
export const pick = (draws: Draws, weights: readonly number[], total: number): number => {
  let rest = draws.unit() * total;
  for (const [i, weight] of weights.entries()) {
    rest -= weight;
    if (rest < 0) return i;
  }
  return weights.length - 1;
};

/** Random numbers of one trial: a function of the study's seed, what they are for, and the trial's number. */
export const createDraws = (seed: number, purpose: number, index: number): Draws => {
  const stream = createRandomStream({ ...seedWords(seed), purpose, index });
  return {
    unit: () => ((stream.uint32() >>> 5) * 67108864 + (stream.uint32() >>> 6)) / 9007199254740992,
    below: stream.below,
  };
};
