import { z } from "zod";

/** Of rows with similar predictions: the keys that the coverage of every kind of interval begins with. */
export const fifth = {
  from: z.number().describe("least prediction"),
  to: z.number().describe("largest prediction"),
  rows: z.int().describe("of this fifth"),
};
