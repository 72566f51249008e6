import type { Operating, OperatingPoint } from "../../domain/models/explained.ts";

/** Points that a report lists at most. */
const mostPoints = 200;

interface Count {
  threshold: number;
  truePositives: number;
  falsePositives: number;
}

/** Rows that are taken for the class at each score that a row has, the largest first. */
const countsOf = (scores: Float64Array, isPositive: (row: number) => boolean): Count[] => {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const counts: Count[] = [];
  let [truePositives, falsePositives] = [0, 0];
  for (const [place, row] of order.entries()) {
    if (isPositive(row)) truePositives += 1;
    else falsePositives += 1;
    const next = order[place + 1];
    if (next === undefined || scores[next] !== scores[row])
      counts.push({ threshold: scores[row]!, truePositives, falsePositives });
  }
  return counts;
};

const indexOfLargest = (values: readonly number[]): number =>
  values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);

/** The places that are shown: all, or every so many with the ends and those that are asked for. */
const placesOf = (count: number, wanted: readonly number[]): number[] => {
  if (count <= mostPoints) return Array.from({ length: count }, (_, i) => i);
  const spread = mostPoints - wanted.length;
  const every = Array.from({ length: spread }, (_, i) => Math.round((i * (count - 1)) / (spread - 1)));
  return [...new Set([...every, ...wanted])].sort((a, b) => a - b);
};

/** ROC, precision and recall, F1 and cost of all thresholds. Null where the rows have one class. */
export const describeOperating = (
  positive: string,
  scores: Float64Array,
  isPositive: (row: number) => boolean,
): Operating | null => {
  const rows = scores.length;
  const counts = countsOf(scores, isPositive);
  const positives = counts.at(-1)?.truePositives ?? 0;
  const negatives = rows - positives;
  if (positives === 0 || negatives === 0) return null;
  const points = counts.map(({ threshold, truePositives, falsePositives }): OperatingPoint => {
    const falseNegatives = positives - truePositives;
    return {
      ...{ threshold, truePositives, falsePositives, falseNegatives, trueNegatives: negatives - falsePositives },
      truePositiveRate: truePositives / positives,
      falsePositiveRate: falsePositives / negatives,
      precision: truePositives / (truePositives + falsePositives),
      f1: (2 * truePositives) / (2 * truePositives + falsePositives + falseNegatives),
      cost: (falsePositives + falseNegatives) / rows,
    };
  });
  const bestF1 = indexOfLargest(points.map(({ f1 }) => f1));
  const leastCost = indexOfLargest(points.map(({ cost }) => -cost));
  let [averagePrecision, before] = [0, 0];
  for (const { truePositiveRate, precision } of points) {
    averagePrecision += (truePositiveRate - before) * precision;
    before = truePositiveRate;
  }
  return {
    ...{ positive, averagePrecision, thresholds: points.length },
    points: placesOf(points.length, [bestF1, leastCost]).map((i) => points[i]!),
    ...{ bestF1: points[bestF1]!.threshold, leastCost: points[leastCost]!.threshold },
  };
};
