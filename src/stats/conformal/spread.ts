import type { ConformalIntervals } from "../../domain/models/conformal.ts";
import { valueBetween } from "../../domain/models/parts/piecewise-linear.ts";
import { mean } from "../estimate.ts";

type Spread = NonNullable<ConformalIntervals["spread"]>;

/** Groups of rows with similar predictions, of at least so many rows. */
const mostGroups = 20;
const leastRows = 10;
/** So many rows of the overall size are added to each group, so that a few small residuals promise nothing. */
const prior = 5;

/** How large residuals are at each prediction: mean |residual| of groups of equally many rows by prediction, drawn towards the overall mean. Null: nothing to learn from. */
export const fitSpread = (predictions: ArrayLike<number>, truths: ArrayLike<number>): Spread | null => {
  const order = Array.from({ length: predictions.length }, (_, row) => row).sort(
    (a, b) => predictions[a]! - predictions[b]! || a - b,
  );
  const groups = Math.min(mostGroups, Math.floor(order.length / leastRows));
  if (groups < 2) return null;
  const sizes = order.map((row) => Math.abs(truths[row]! - predictions[row]!));
  const overall = mean(sizes);
  if (!(overall > 0) || !Number.isFinite(overall)) return null;
  const spread: Spread = { at: [], size: [] };
  for (let group = 0; group < groups; group++) {
    const [from, to] = [group, group + 1].map((part) => Math.floor((part * order.length) / groups)) as [number, number];
    const at = mean(order.slice(from, to).map((row) => predictions[row]!));
    // Groups with one prediction are one knot.
    if (spread.at.length > 0 && !(at > spread.at.at(-1)!)) continue;
    const own = sizes.slice(from, to);
    spread.at.push(at);
    spread.size.push((mean(own) * own.length + prior * overall) / (own.length + prior));
  }
  return spread.at.length < 2 ? null : spread;
};

export const spreadAt = ({ at, size }: Spread, prediction: number): number => valueBetween(at, size, prediction);
