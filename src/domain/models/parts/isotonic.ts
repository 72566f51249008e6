import { z } from "zod";
import { valueBetween } from "./piecewise-linear.ts";

export const IsotonicCurve = z
  .object({
    at: z.array(z.number()).describe("probabilities as the weights give them, growing"),
    value: z.array(z.number()).describe("what becomes of each: linear between two of them, constant beyond"),
  })
  .meta({ id: "IsotonicCurve", description: "A growing function of a probability." });

export const IsotonicCalibration = z
  .object({
    rows: z.int().describe("held-out rows that it was fitted to"),
    gain: z.number().describe("of log-likelihood a row, on rows that the curve was not fitted to"),
    curves: z
      .array(IsotonicCurve)
      .describe("of the second of two classes, whose probability the first one's is 1 minus; of more one for each"),
  })
  .meta({
    id: "IsotonicCalibration",
    description:
      "Probabilities are put through these curves, and those of more than two classes divided by their sum (Zadrozny & Elkan 2002).",
  });

export type IsotonicCurve = z.infer<typeof IsotonicCurve>;
export type IsotonicCalibration = z.infer<typeof IsotonicCalibration>;

/** What is no number stays none: whoever answers refuses it. */
export const isotonicValue = ({ at, value }: IsotonicCurve, probability: number): number =>
  Number.isNaN(probability) ? probability : valueBetween(at, value, probability);

/**
 * Probabilities behind the curves, in the form in which they come.
 * @param outputs rows × width, row-major; with a width of 1 the probability of the second of two classes
 */
export const calibrateOutputs = (
  { curves }: Pick<IsotonicCalibration, "curves">,
  outputs: ArrayLike<number>,
  width: number,
): Float64Array => {
  const calibrated = new Float64Array(outputs.length);
  for (let at = 0; at < outputs.length; at += width) {
    if (width <= 2) {
      const second = isotonicValue(curves[0]!, outputs[at + width - 1]!);
      if (width === 2) calibrated[at] = 1 - second;
      calibrated[at + width - 1] = second;
      continue;
    }
    let total = 0;
    for (let k = 0; k < width; k++) {
      calibrated[at + k] = isotonicValue(curves[k]!, outputs[at + k]!);
      total += calibrated[at + k]!;
    }
    for (let k = 0; k < width; k++) calibrated[at + k]! /= total;
  }
  return calibrated;
};
