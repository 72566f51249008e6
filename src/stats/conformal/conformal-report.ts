import type { ConformalIntervals, ConformalSets } from "../../domain/models/conformal.ts";
import { heldByOthers } from "./scores.ts";
import { fitSpread, spreadAt } from "./spread.ts";

/** At which the report shows coverage. */
const level = 0.9;
/** Rows whose scores are kept. */
const mostRows = 1000;

const share = (held: readonly boolean[]): number => held.filter((each) => each).length / held.length;

/** `count` of `total` rows at equal distances. */
const spaced = (total: number): number[] => {
  const count = Math.min(total, mostRows);
  return Array.from({ length: count }, (_, i) => Math.floor((i * total) / count));
};

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
  const rows = spaced(truths.length);
  const scores = Float64Array.from(rows, (row) => Math.abs(truths[row]! - predictions[row]!));
  const scaled = scores.map((score, i) => (spread === null ? score : score / spreadAt(spread, predictions[rows[i]!]!)));
  const [adaptive, marginal] = [heldByOthers(scaled, level), heldByOthers(scores, level)];
  const order = Array.from(rows.keys()).sort((a, b) => predictions[rows[a]!]! - predictions[rows[b]!]! || a - b);
  const fifths = Math.min(5, Math.floor(order.length / 5));
  return {
    ...{ type: "intervals", rows: rows.length, least: counts ? 0 : null, spread },
    scaled: Array.from(scaled.toSorted()),
    scores: Array.from(scores.toSorted()),
    byFifth: Array.from({ length: fifths }, (_, fifth) => {
      const own = order.slice(
        Math.floor((fifth * order.length) / fifths),
        Math.floor(((fifth + 1) * order.length) / fifths),
      );
      return {
        from: predictions[rows[own[0]!]!]!,
        to: predictions[rows[own.at(-1)!]!]!,
        rows: own.length,
        adaptive: share(own.map((i) => adaptive[i]!)),
        marginal: share(own.map((i) => marginal[i]!)),
      };
    }),
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
  const width = classes.length;
  const rows = spaced(truths.length);
  const scores = Float64Array.from(rows, (row) => 1 - probabilities[row * width + truths[row]!]!);
  const marginal = heldByOthers(scores, level);
  return {
    ...{ type: "sets", rows: rows.length },
    scores: Array.from(scores.toSorted()),
    classes: classes.map((label, k) => {
      const own = Array.from(rows.keys()).filter((i) => truths[rows[i]!] === k);
      const mine = Float64Array.from(own, (i) => scores[i]!);
      return {
        label,
        scores: Array.from(mine.toSorted()),
        adaptive: own.length === 0 ? null : share(heldByOthers(mine, level)),
        marginal: own.length === 0 ? null : share(own.map((i) => marginal[i]!)),
      };
    }),
  };
};
