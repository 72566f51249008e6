/** A step of the ladder: so much larger is a batch than the one before, so that little is computed for nothing and few programs are made. */
const step = 4;

/** Batch sizes from `least` up to `most`: each is a program of its own. */
export const batchLadder = (least: number, most: number): number[] => {
  const sizes: number[] = [];
  for (let size = least; size < most; size *= step) sizes.push(size);
  return [...sizes, most];
};

/** The size that computes the next of so many rows: one that they fill, or nearly fill. */
export const nextBatch = (sizes: readonly number[], rows: number): number => {
  const filled = sizes.findLast((size) => size <= rows);
  const larger = sizes.find((size) => size > rows);
  if (larger !== undefined && (filled === undefined || 4 * rows >= 3 * larger)) return larger;
  return filled ?? sizes.at(-1)!;
};
