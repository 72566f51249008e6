import type { FoldIntervals, FoldSets } from "../../domain/models/conformal.ts";
import { byFold, type FoldedRows } from "./folded-rows.ts";
import { type ClassRows, classScores, heldAtLevel, numberScores, shareOf } from "./held-out-scores.ts";

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
