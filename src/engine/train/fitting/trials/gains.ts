import type { Gains } from "../../planning/plan-search.ts";

/** A candidate is taken if the held-out rows prefer it by this many standard errors of the paired differences. */
const margin = 1;

/** Counts what each of so many candidates gains on single rows, added to what is known of others. */
export const countGains = (candidates: number, before?: Gains) => {
  const zeros = new Array<number>(candidates).fill(0);
  const sums = [...(before?.sums ?? zeros)];
  const squares = [...(before?.squares ?? zeros)];
  const add = (candidate: number, gain: number): void => {
    sums[candidate]! += gain;
    squares[candidate]! += gain * gain;
  };
  return { add, after: (rows: number): Gains => ({ rows: (before?.rows ?? 0) + rows, sums, squares }) };
};

const estimate = ({ rows, sums, squares }: Gains, at: number): { gain: number; error: number } => {
  const gain = sums[at]! / rows;
  const variance = squares[at]! / rows - gain * gain;
  return { gain, error: Math.sqrt(Math.max(0, variance) / Math.max(1, rows - 1)) };
};

type Choice = { readonly at: number; readonly gain: number } | null;

/** The candidate that gains most, and how much a row; null where no gain is sure. */
export const surelyBest = (gains: Gains): Choice => {
  const at = gains.sums.indexOf(Math.max(...gains.sums));
  const { gain, error } = estimate(gains, at);
  return gain > margin * error ? { at, gain } : null;
};

/** The candidate whose gain less its margin is the largest: of two that gain about as much, the one that the rows agree on; null where none gains surely. */
export const safest = (gains: Gains): Choice => {
  const bounds = gains.sums.map((_, at) => {
    const { gain, error } = estimate(gains, at);
    return gain - margin * error;
  });
  const at = bounds.indexOf(Math.max(...bounds));
  return bounds[at]! > 0 ? { at, gain: estimate(gains, at).gain } : null;
};
