import { heldByOthers } from "./scores.ts";

/** At which the report shows coverage. */
const level = 0.9;
/** Rows whose scores are kept. */
const mostRows = 1000;

/** Of all rows at equal distances, as many as are kept. */
const spaced = (total: number): number[] => {
  const count = Math.min(total, mostRows);
  return Array.from({ length: count }, (_, i) => Math.floor((i * total) / count));
};

/** Whether each score is within the bound that the others give at the report's level. */
export const heldAtLevel = (scores: Float64Array): boolean[] => heldByOthers(scores, level);

/** The share of these that are held. */
export const shareOf = (held: readonly boolean[], own: readonly number[]): number =>
  own.filter((i) => held[i]).length / own.length;

/** |residuals| of the rows that are kept; and those rows by fifths of their predictions, each with what is said of it. */
export const numberScores = (predictions: ArrayLike<number>, truths: ArrayLike<number>) => {
  const rows = spaced(truths.length);
  const scores = Float64Array.from(rows, (row) => Math.abs(truths[row]! - predictions[row]!));
  const byFifth = <T>(describe: (own: readonly number[]) => T) => {
    const order = Array.from(rows.keys()).sort((a, b) => predictions[rows[a]!]! - predictions[rows[b]!]! || a - b);
    const fifths = Math.min(5, Math.floor(order.length / 5));
    return Array.from({ length: fifths }, (_, fifth) => {
      const own = order.slice(
        Math.floor((fifth * order.length) / fifths),
        Math.floor(((fifth + 1) * order.length) / fifths),
      );
      return {
        from: predictions[rows[own[0]!]!]!,
        to: predictions[rows[own.at(-1)!]!]!,
        rows: own.length,
        ...describe(own),
      };
    });
  };
  return { rows, scores, byFifth };
};

export interface ClassRows {
  classes: readonly string[];
  /** rows × classes, row-major */
  probabilities: ArrayLike<number>;
  truths: ArrayLike<number>;
}

/** 1 − p of the true class of the rows that are kept; and of each class its own among them, with how many of those their sets hold. */
export const classScores = ({ classes, probabilities, truths }: ClassRows) => {
  const width = classes.length;
  const rows = spaced(truths.length);
  const scores = Float64Array.from(rows, (row) => 1 - probabilities[row * width + truths[row]!]!);
  const marginal = heldAtLevel(scores);
  const ofClasses = classes.map((label, k) => {
    const own = Array.from(rows.keys()).filter((i) => truths[rows[i]!] === k);
    const mine = Float64Array.from(own, (i) => scores[i]!);
    const held = {
      adaptive: own.length === 0 ? null : shareOf(heldAtLevel(mine), Array.from(own.keys())),
      marginal: own.length === 0 ? null : shareOf(marginal, own),
    };
    return { label, own, scores: mine, held };
  });
  return { rows, scores, classes: ofClasses };
};
