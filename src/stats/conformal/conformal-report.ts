import type { ConformalIntervals, ConformalSets } from "../../domain/models/conformal.ts";
import { level, scoreClasses, scoreNumbers, share } from "./scored-rows.ts";
import { heldByOthers } from "./scores.ts";
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
  const { rows, scores, fifths } = scoreNumbers(predictions, truths);
  const scaled = scores.map((score, i) => (spread === null ? score : score / spreadAt(spread, predictions[rows[i]!]!)));
  const [adaptive, marginal] = [heldByOthers(scaled, level), heldByOthers(scores, level)];
  return {
    ...{ type: "intervals", rows: rows.length, least: counts ? 0 : null, spread },
    scaled: Array.from(scaled.toSorted()),
    scores: Array.from(scores.toSorted()),
    byFifth: fifths.map(({ own, described }) => ({
      ...described,
      adaptive: share(adaptive, own),
      marginal: share(marginal, own),
    })),
  };
};

/** Scores of a classification: 1 − p of the true class (Sadinle, Lei & Wasserman 2019), for all rows together and for each class by itself. */
export const conformalSets = ({
  classes,
  probabilities,
  truths,
}: {
  classes: readonly string[];
  /** rows × classes, row-major */
  probabilities: ArrayLike<number>;
  truths: ArrayLike<number>;
}): ConformalSets => {
  const scored = scoreClasses(classes, probabilities, truths);
  return {
    ...{ type: "sets", rows: scored.rows.length },
    scores: Array.from(scored.scores.toSorted()),
    classes: scored.classes.map(({ label, scores, held }) => ({
      label,
      scores: Array.from(scores.toSorted()),
      ...held,
    })),
  };
};
