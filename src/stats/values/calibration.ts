import type { ClassificationReport } from "../../domain/models/report.ts";
import { gather, orderOf } from "../order-of.ts";
import { meanOf, type Sampling } from "../sampling.ts";

const calibrationBins = 10;
/** Of larger bins the distribution is normal enough. */
const mostExact = 200;

/** E|S − Σp| of a sum S of independent rows that are right with probabilities p, by the distribution of S. */
const exactDeviation = (chances: Float64Array): number => {
  const of = new Float64Array(chances.length + 1);
  of[0] = 1;
  let center = 0;
  for (const [n, chance] of chances.entries()) {
    for (let k = n + 1; k > 0; k--) of[k] = of[k]! * (1 - chance) + of[k - 1]! * chance;
    of[0]! *= 1 - chance;
    center += chance;
  }
  return of.reduce((sum, probability, k) => sum + probability * Math.abs(k - center), 0);
};

/** By how much a bin's share of right answers is off on average, were each right with its confidence: of large bins, and weighted rows, √(2/π) standard deviations. */
const chanceDeviation = (confidences: Float64Array, weights: Float64Array | undefined): number => {
  if (weights === undefined && confidences.length <= mostExact) return exactDeviation(confidences) / confidences.length;
  let [variance, total] = [0, 0];
  for (let row = 0; row < confidences.length; row++) {
    const [chance, weight] = [confidences[row]!, weights === undefined ? 1 : weights[row]!];
    variance += weight * weight * chance * (1 - chance);
    total += weight;
  }
  return Math.sqrt((2 / Math.PI) * variance) / total;
};

/**
 * How often those were right that said 80 %? Rows by growing confidence, in bins of equally many; means by the rows' weights.
 * The mean of |confidence − accuracy| is above 0 for the best of probabilities, as accuracies of few rows are not what is expected of them: how far stands beside it.
 */
export const calibrate = (
  confidences: Float64Array,
  right: Uint8Array,
  sampling: Sampling | null,
): Pick<ClassificationReport, "calibration" | "calibrationError" | "calibrationErrorByChance"> => {
  const weights = sampling?.weights;
  const order = orderOf(confidences);
  const count = Math.min(calibrationBins, order.length);
  const bins = Array.from({ length: count }, (_, bin) => {
    const rows = order.subarray(
      Math.floor((bin * order.length) / count),
      Math.floor(((bin + 1) * order.length) / count),
    );
    const own = weights && gather(weights, rows);
    const confidence = gather(confidences, rows);
    const accuracy = gather(right, rows);
    return {
      bin: { rows: rows.length, confidence: meanOf(confidence, own), accuracy: meanOf(accuracy, own) },
      weight: own === undefined ? rows.length : own.reduce((sum, weight) => sum + weight, 0),
      byChance: chanceDeviation(confidence, own),
    };
  });
  const weightOf = bins.map(({ weight }) => weight);
  const isIndependent = sampling === null || new Set(sampling.unitOf).size === sampling.unitOf.length;
  return {
    calibration: bins.map(({ bin }) => bin),
    calibrationError: meanOf(
      bins.map(({ bin }) => Math.abs(bin.confidence - bin.accuracy)),
      weightOf,
    ),
    calibrationErrorByChance: isIndependent
      ? meanOf(
          bins.map(({ byChance }) => byChance),
          weightOf,
        )
      : null,
  };
};
