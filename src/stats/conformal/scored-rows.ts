import { heldByOthers } from "./scores.ts";

/** At which the report shows coverage. */
export const level = 0.9;
/** Rows whose scores are kept. */
const mostRows = 1000;

/** Rows at equal distances of all. */
const spaced = (total: number): number[] => {
  const count = Math.min(total, mostRows);
  return Array.from({ length: count }, (_, i) => Math.floor((i * total) / count));
};

/** The share of the picked scores that are held. */
export const share = (held: readonly boolean[], picked: readonly number[]): number =>
  picked.filter((i) => held[i]!).length / picked.length;

/** Scores with similar predictions. */
interface Fifth {
  readonly own: readonly number[];
  readonly described: { readonly from: number; readonly to: number; readonly rows: number };
}

/** Of a regression: |residual| of the rows that are kept, and which of these scores are in each fifth of the predictions. */
export const scoreNumbers = (
  predictions: ArrayLike<number>,
  truths: ArrayLike<number>,
): { rows: number[]; scores: Float64Array; fifths: Fifth[] } => {
  const rows = spaced(truths.length);
  const scores = Float64Array.from(rows, (row) => Math.abs(truths[row]! - predictions[row]!));
  const order = Array.from(rows.keys()).sort((a, b) => predictions[rows[a]!]! - predictions[rows[b]!]! || a - b);
  const count = Math.min(5, Math.floor(order.length / 5));
  const fifths = Array.from({ length: count }, (_, fifth) => {
    const own = order.slice(
      Math.floor((fifth * order.length) / count),
      Math.floor(((fifth + 1) * order.length) / count),
    );
    const [from, to] = [predictions[rows[own[0]!]!]!, predictions[rows[own.at(-1)!]!]!];
    return { own, described: { from, to, rows: own.length } };
  });
  return { rows, scores, fifths };
};

/** The rows of one class among those that are kept. */
interface ScoredClass {
  readonly label: string;
  readonly own: readonly number[];
  readonly scores: Float64Array;
  /** The share of them that sets hold which go by the class's own rows, and by all; null: it has none. */
  readonly held: { readonly adaptive: number | null; readonly marginal: number | null };
}

/** Of a classification: 1 − p of the true class of the rows that are kept, and which of these scores are each class's own. */
export const scoreClasses = (
  classes: readonly string[],
  /** rows × classes, row-major */
  probabilities: ArrayLike<number>,
  truths: ArrayLike<number>,
): { rows: number[]; scores: Float64Array; classes: ScoredClass[] } => {
  const width = classes.length;
  const rows = spaced(truths.length);
  const all = Float64Array.from(rows, (row) => 1 - probabilities[row * width + truths[row]!]!);
  const held = heldByOthers(all, level);
  const scored = classes.map((label, k): ScoredClass => {
    const own = Array.from(rows.keys()).filter((i) => truths[rows[i]!] === k);
    const scores = Float64Array.from(own, (i) => all[i]!);
    if (own.length === 0) return { label, own, scores, held: { adaptive: null, marginal: null } };
    const adaptive = share(heldByOthers(scores, level), Array.from(own.keys()));
    return { label, own, scores, held: { adaptive, marginal: share(held, own) } };
  });
  return { rows, scores: all, classes: scored };
};
