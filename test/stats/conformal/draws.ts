import { createRandomStream, seedWords } from "../../../src/engine/kernels/philox.ts";

/** Numbers that are the same in every run: above 0 and below 1, and normal ones (Box & Muller 1958). */
export const randomOf = (seed: number) => {
  const stream = createRandomStream({ ...seedWords(seed), purpose: 3, index: 0 });
  const uniform = (): number => (stream.uint32() + 0.5) / 2 ** 32;
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
};
