import { z } from "zod";

/** What the engine's 32-bit numbers hold with full precision, with room for a product: beyond it a setting would count as 0 or infinity without a word. */
const [smallest, largest] = [1e-37, 1e37];
const because = "as the engine computes with 32 bits";

/** A setting above 0 that stays so in 32 bits. */
export const positiveFloat32 = z
  .number()
  .min(smallest, {
    error: ({ input }) => (Number(input) <= 0 ? "must be > 0" : `must be > 0, and at least ${smallest}, ${because}`),
  })
  .max(largest, `must be at most ${largest}, ${because}`);

export const nonNegativeFloat32 = z.number().min(0).max(largest, `must be at most ${largest}, ${because}`);

export const anyFloat32 = z
  .number()
  .min(-largest, `must be at least ${-largest}, ${because}`)
  .max(largest, `must be at most ${largest}, ${because}`);
