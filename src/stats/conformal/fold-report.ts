import type { FoldIntervals, FoldSets } from "../../domain/models/conformal.ts";
import { level, scoreClasses, scoreNumbers, share } from "./scored-rows.ts";
import { heldByOthers } from "./scores.ts";

/** Rows of the first repeat: the fold that each is in, from 0. */
export interface FoldedRows {
  readonly folds: number;
  readonly foldOf: ArrayLike<number>;
}

const byFold = (
  { folds, foldOf }: FoldedRows,
  { rows, scores }: { rows: readonly number[]; scores: ArrayLike<number> },
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
  const scored = scoreNumbers(predictions, truths);
  const { rows, scores, fifths } = scored;
  const held = heldByOthers(scores, level);
  return {
    ...{ type: "fold_intervals", rows: rows.length, least: counts ? 0 : null },
    folds: byFold(where, scored, Array.from(rows.keys())),
    byFifth: fifths.map(({ own, described }) => ({ ...described, held: share(held, own) })),
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
  const scored = scoreClasses(classes, probabilities, truths);
  return {
    ...{ type: "fold_sets", rows: scored.rows.length },
    classes: scored.classes.map(({ label, own, held }) => ({
      ...{ label, rows: own.length, folds: byFold(where, scored, own) },
      ...held,
    })),
  };
};
