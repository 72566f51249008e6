import type { ConformalIntervals, ConformalSets } from "../../domain/models/conformal.ts";
import { type ClassRows, classScores, heldAtLevel, numberScores, shareOf } from "./held-out-scores.ts";
import { fitSpread, spreadAt } from "./spread.ts";

/** Values of held-out rows, and of training rows for the spread. */
export interface IntervalRows {
  predictions: ArrayLike<number>;
  truths: ArrayLike<number>;
  train: { predictions: ArrayLike<number>; truths: ArrayLike<number> } | null;
  counts: boolean;
}

/** Scores of a regression: absolute residuals, and those over the spread that training rows show at such predictions (Lei et al. 2018, section 5.2). */
export const conformalIntervals = ({ predictions, truths, train, counts }: IntervalRows): ConformalIntervals => {
  const spread = train && fitSpread(train.predictions, train.truths);
  const { rows, scores, byFifth } = numberScores(predictions, truths);
  const scaled = scores.map((score, i) => (spread === null ? score : score / spreadAt(spread, predictions[rows[i]!]!)));
  const [adaptive, marginal] = [heldAtLevel(scaled), heldAtLevel(scores)];
  return {
    ...{ type: "intervals", rows: rows.length, least: counts ? 0 : null, spread },
    scaled: Array.from(scaled.toSorted()),
    scores: Array.from(scores.toSorted()),
    byFifth: byFifth((own) => ({ adaptive: shareOf(adaptive, own), marginal: shareOf(marginal, own) })),
  };
};

/** Scores of a classification: 1 − p of the true class (Sadinle, Lei & Wasserman 2019), for all rows together and for each class by itself. */
export const conformalSets = (held: ClassRows): ConformalSets => {
  const { rows, scores, classes } = classScores(held);
  return {
    ...{ type: "sets", rows: rows.length },
    scores: Array.from(scores.toSorted()),
    classes: classes.map((one) => ({ label: one.label, scores: Array.from(one.scores.toSorted()), ...one.held })),
  };
};
