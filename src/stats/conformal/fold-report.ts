import type { FoldIntervals, FoldSets } from "../../domain/models/conformal.ts";
import { heldByOthers } from "./scores.ts";

/** At which the report shows coverage. */
const level = 0.9;
/** Rows whose scores are kept. */
const mostRows = 1000;

/** Rows of the first repeat: the fold that each is in, from 0. */
export interface FoldedRows {
  readonly folds: number;
  readonly foldOf: ArrayLike<number>;
}

const share = (held: readonly boolean[]): number => held.filter((each) => each).length / held.length;

/** At equal distances of all, which stand fold by fold. */
const spaced = (total: number): number[] => {
  const count = Math.min(total, mostRows);
  return Array.from({ length: count }, (_, i) => Math.floor((i * total) / count));
};

const byFold = (
  { folds, foldOf }: FoldedRows,
  rows: readonly number[],
  scores: ArrayLike<number>,
  picked: readonly number[],
) =>
  Array.from({ length: folds }, (_, fold) =>
    Array.from(Float64Array.from(picked.filter((i) => foldOf[rows[i]!] === fold).map((i) => scores[i]!)).sort()),
  );

/** Out-of-fold |residuals|. Coverage by fifths takes all folds' scores for one another's. */
export const foldIntervals = (
  where: FoldedRows,
  { predictions, truths, counts }: { predictions: ArrayLike<number>; truths: ArrayLike<number>; counts: boolean },
): FoldIntervals => {
  const rows = spaced(truths.length);
  const scores = Float64Array.from(rows, (row) => Math.abs(truths[row]! - predictions[row]!));
  const held = heldByOthers(scores, level);
  const order = Array.from(rows.keys()).sort((a, b) => predictions[rows[a]!]! - predictions[rows[b]!]! || a - b);
  const fifths = Math.min(5, Math.floor(order.length / 5));
  return {
    ...{ type: "fold_intervals", rows: rows.length, least: counts ? 0 : null },
    folds: byFold(where, rows, scores, Array.from(rows.keys())),
    byFifth: Array.from({ length: fifths }, (_, fifth) => {
      const [from, to] = [fifth, fifth + 1].map((part) => Math.floor((part * order.length) / fifths)) as [
        number,
        number,
      ];
      const own = order.slice(from, to);
      return {
        from: predictions[rows[own[0]!]!]!,
        to: predictions[rows[own.at(-1)!]!]!,
        rows: own.length,
        held: share(own.map((i) => held[i]!)),
      };
    }),
  };
};

/** Out-of-fold scores 1 − p of the true class, class by class. */
export const foldSets = (
  where: FoldedRows,
  {
    classes,
    probabilities,
    truths,
  }: { classes: readonly string[]; probabilities: ArrayLike<number>; truths: ArrayLike<number> },
): FoldSets => {
  const width = classes.length;
  const rows = spaced(truths.length);
  const scores = Float64Array.from(rows, (row) => 1 - probabilities[row * width + truths[row]!]!);
  const marginal = heldByOthers(scores, level);
  return {
    ...{ type: "fold_sets", rows: rows.length },
    classes: classes.map((label, k) => {
      const own = Array.from(rows.keys()).filter((i) => truths[rows[i]!] === k);
      const mine = Float64Array.from(own, (i) => scores[i]!);
      return {
        ...{ label, rows: own.length, folds: byFold(where, rows, scores, own) },
        adaptive: own.length === 0 ? null : share(heldByOthers(mine, level)),
        marginal: own.length === 0 ? null : share(own.map((i) => marginal[i]!)),
      };
    }),
  };
};
