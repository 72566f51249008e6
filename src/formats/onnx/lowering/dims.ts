/** Sizes, of which those below zero count rows of the batch: −12 is twelve times it. */

/** Their product; null-free: at most one of them may be of the batch, which the caller's shapes guarantee. */
export const multiplied = (sizes: readonly number[]): number => {
  const product = sizes.reduce((all, size) => all * Math.abs(size), 1);
  return sizes.some((size) => size < 0) ? -product : product;
};

/** whole / part, if it is one of these sizes. */
export const quotientOf = (whole: number, part: number): number | null => {
  if (part < 0 && whole > 0) return null;
  if (part === 0) return null;
  const ratio = Math.abs(whole) / Math.abs(part);
  if (!Number.isInteger(ratio)) return null;
  return whole < 0 && part > 0 ? -ratio : ratio;
};
