import type { FoldIntervals, FoldSets } from "../../domain/models/conformal.ts";
import { type ClassRows, classScores, heldAtLevel, numberScores, shareOf } from "./held-out-scores.ts";

/** Rows of the first repeat: the fold that each is in, from 0. */
export interface FoldedRows {
  readonly folds: number;
  readonly foldOf: ArrayLike<number>;
}

/** Scores of the rows that are picked of those kept, fold by fold, growing. */
const byFold = (
  { folds, foldOf }: FoldedRows,
  { rows, scores }: { readonly rows: readonly number[]; readonly scores: ArrayLike<number> },
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
  const { byFifth, ...kept } = numberScores(predictions, truths);
  const held = heldAtLevel(kept.scores);
  return {
    ...{ type: "fold_intervals", rows: kept.rows.length, least: counts ? 0 : null },
    folds: byFold(where, kept, Array.from(kept.rows.keys())),
    byFifth: byFifth((own) => ({ held: shareOf(held, own) })),
  };
};

/** Out-of-fold scores 1 − p of the true class, class by class. */
export const foldSets = (where: FoldedRows, held: ClassRows): FoldSets => {
  const { classes, ...kept } = classScores(held);
  return {
    ...{ type: "fold_sets", rows: kept.rows.length },
    classes: classes.map((one) => ({
      ...{ label: one.label, rows: one.own.length, folds: byFold(where, kept, one.own) },
      ...one.held,
    })),
  };
};
