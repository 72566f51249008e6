import type { Operating, OperatingPoint } from "../../domain/models/explained.ts";
import { orderOf } from "../order-of.ts";
import { weighed } from "../sampling.ts";

/** Points that a report lists at most. */
const mostPoints = 200;

/** At each score that a row has, the largest first: it, and the rows that are taken for the class from it on. A million rows have as many: no object is made for each. */
export interface ScoreCounts {
  readonly rows: number;
  readonly length: number;
  readonly thresholds: Float64Array;
  readonly truePositives: Float64Array;
  readonly falsePositives: Float64Array;
}

/** Of rows that count by their weights, taken to a mean of 1; without weights once each. */
export const countScores = (
  scores: Float64Array,
  isPositive: (row: number) => boolean,
  weights?: Float64Array,
): ScoreCounts => {
  const order = orderOf(scores);
  const rows = order.length;
  const own = weights && weighed(new Float64Array(rows).fill(1), { weights });
  const [thresholds, truePositives, falsePositives] = [1, 2, 3].map(() => new Float64Array(rows)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let [positives, negatives, length] = [0, 0, 0];
  for (let place = rows - 1; place >= 0; place--) {
    const row = order[place]!;
    const weight = own === undefined ? 1 : own[row]!;
    if (isPositive(row)) positives += weight;
    else negatives += weight;
    thresholds[length] = scores[row]!;
    truePositives[length] = positives;
    falsePositives[length] = negatives;
    if (place > 0 && scores[order[place - 1]!] !== scores[row]) length += 1;
  }
  if (rows > 0) length += 1;
  return { rows, length, thresholds, truePositives, falsePositives };
};

/** The places that are shown: all, or every so many with the ends and those that are asked for. */
const placesOf = (count: number, wanted: readonly number[]): number[] => {
  if (count <= mostPoints) return Array.from({ length: count }, (_, i) => i);
  const spread = mostPoints - wanted.length;
  const every = Array.from({ length: spread }, (_, i) => Math.round((i * (count - 1)) / (spread - 1)));
  return [...new Set([...every, ...wanted])].sort((a, b) => a - b);
};

/** ROC, precision and recall, F1 and cost of all thresholds. Null where the rows have one class. */
export const describeOperating = (positive: string, scored: ScoreCounts): Operating | null => {
  const { rows, length, thresholds, ...counts } = scored;
  const positives = counts.truePositives[length - 1] ?? 0;
  const negatives = counts.falsePositives[length - 1] ?? 0;
  if (positives === 0 || negatives === 0) return null;
  const pointAt = (place: number): OperatingPoint => {
    const [truePositives, falsePositives] = [counts.truePositives[place]!, counts.falsePositives[place]!];
    const falseNegatives = positives - truePositives;
    return {
      ...{ threshold: thresholds[place]!, truePositives, falsePositives },
      ...{ falseNegatives, trueNegatives: negatives - falsePositives },
      truePositiveRate: truePositives / positives,
      falsePositiveRate: falsePositives / negatives,
      precision: precisionAt(place),
      f1: f1At(place),
      cost: costAt(place),
    };
  };
  const precisionAt = (place: number): number =>
    counts.truePositives[place]! / (counts.truePositives[place]! + counts.falsePositives[place]!);
  const f1At = (place: number): number => {
    const hits = counts.truePositives[place]!;
    return (2 * hits) / (2 * hits + counts.falsePositives[place]! + (positives - hits));
  };
  const costAt = (place: number): number =>
    (counts.falsePositives[place]! + (positives - counts.truePositives[place]!)) / rows;
  let [bestF1, leastCost, averagePrecision, before] = [0, 0, 0, 0];
  for (let place = 0; place < length; place++) {
    if (f1At(place) > f1At(bestF1)) bestF1 = place;
    if (costAt(place) < costAt(leastCost)) leastCost = place;
    const recall = counts.truePositives[place]! / positives;
    averagePrecision += (recall - before) * precisionAt(place);
    before = recall;
  }
  return {
    ...{ positive, averagePrecision, thresholds: length },
    points: placesOf(length, [bestF1, leastCost]).map(pointAt),
    ...{ bestF1: thresholds[bestF1]!, leastCost: thresholds[leastCost]! },
  };
};
