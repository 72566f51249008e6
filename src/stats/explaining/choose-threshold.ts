import type { ThresholdSpec } from "../../domain/jobs/spec/parts/threshold-spec.ts";

interface Outcome {
  readonly threshold: number;
  readonly truePositives: number;
  readonly falsePositives: number;
}

/** What every threshold comes to that parts the rows otherwise: halfway between two of their probabilities, above all of them, below all. What is surely of a class stays there. */
const outcomesOf = (
  probabilities: Float64Array,
  isPositive: (row: number) => boolean,
  weightOf: (row: number) => number,
): Outcome[] => {
  const order = Array.from(probabilities.keys()).sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  // Between neighbouring numbers there is none: then the larger.
  const between = (above: number, below: number): number => {
    const halfway = (above + below) / 2;
    return halfway > below ? halfway : above;
  };
  const largest = probabilities[order[0]!]!;
  const outcomes: Outcome[] =
    largest < 1 ? [{ threshold: between(1, largest), truePositives: 0, falsePositives: 0 }] : [];
  let [truePositives, falsePositives] = [0, 0];
  for (const [place, row] of order.entries()) {
    if (isPositive(row)) truePositives += weightOf(row);
    else falsePositives += weightOf(row);
    const own = probabilities[row]!;
    const next = order[place + 1] === undefined ? 0 : probabilities[order[place + 1]!]!;
    if (next < own) outcomes.push({ threshold: between(own, next), truePositives, falsePositives });
  }
  return outcomes;
};

/**
 * The threshold from which on a row is taken for the second class, by what it comes to on these rows, each by its weight; among equally good ones that nearest to ½, then the larger.
 * Null: the rows are of one class and tell nothing.
 */
export const chooseThreshold = (
  spec: Exclude<ThresholdSpec, number>,
  probabilities: Float64Array,
  isPositive: (row: number) => boolean,
  weightOf: (row: number) => number = () => 1,
): number | null => {
  const own = Array.from(probabilities.keys()).filter((row) => isPositive(row) && weightOf(row) > 0);
  const others = probabilities.some((_, row) => !isPositive(row) && weightOf(row) > 0);
  const positives = own.reduce((sum, row) => sum + weightOf(row), 0);
  const none = own.length === 0 || !others;
  if (none || probabilities.every((probability) => probability === 0)) return null;
  const worthOf = ({ truePositives, falsePositives }: Outcome): number => {
    const falseNegatives = positives - truePositives;
    if ("metric" in spec) return (2 * truePositives) / (2 * truePositives + falsePositives + falseNegatives);
    return -(spec.costs.falsePositive * falsePositives + spec.costs.falseNegative * falseNegatives);
  };
  const judged = outcomesOf(probabilities, isPositive, weightOf).map((outcome) => ({
    ...outcome,
    worth: worthOf(outcome),
  }));
  const best = judged.reduce((a, b) => (b.worth > a.worth ? b : a)).worth;
  const fromHalf = ({ threshold }: Outcome): number => Math.abs(threshold - 0.5);
  const equal = judged.filter(({ worth }) => worth === best);
  return equal.reduce((a, b) => (fromHalf(b) < fromHalf(a) ? b : a)).threshold;
};
