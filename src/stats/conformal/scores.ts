/** ⌈(n + 1) · coverage⌉: which of n scores, the smallest first, bounds a new one with the probability `coverage` at least; above n there is none. */
export const rankOf = (n: number, coverage: number): number => Math.ceil((n + 1) * coverage - 1e-12);

/** The ⌈(n + 1) · coverage⌉-th smallest of n sorted scores (Vovk et al. 2005); Infinity where n is too small for that. */
export const boundOf = (sorted: ArrayLike<number>, coverage: number): number => {
  const rank = rankOf(sorted.length, coverage);
  return rank > sorted.length ? Number.POSITIVE_INFINITY : sorted[rank - 1]!;
};

/** Whether each score is within the bound that the others give. In the order of `scores`. */
export const heldByOthers = (scores: Float64Array, coverage: number): boolean[] => {
  const order = Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]! || a - b);
  const rank = rankOf(scores.length - 1, coverage);
  const held = new Array<boolean>(scores.length).fill(true);
  if (rank > scores.length - 1) return held;
  for (const [position, row] of order.entries()) {
    const bound = scores[order[position < rank ? rank : rank - 1]!]!;
    held[row] = scores[row]! <= bound;
  }
  return held;
};

/** The least n of which a bound exists. */
export const leastScores = (coverage: number): number => {
  let rows = 1;
  while (rankOf(rows, coverage) > rows) rows += 1;
  return rows;
};
