/**
 * The number of rows is not known when a file is read, yet sizes are computed from it by the file's own nodes. They are computed with this prime, larger
 * than any real size: what comes out as a multiple of it was a multiple of the batch.
 */
export const batchPrime = 1_000_000_007;

const largestSize = 2 ** 29;

/** A size as `Dim`s are written: −c for c times the batch; null if it is neither that nor a plain size. */
export const toDim = (size: number): number | null => {
  if (size > 0 && size % batchPrime === 0 && size / batchPrime <= largestSize) return -(size / batchPrime);
  return Number.isSafeInteger(size) && Math.abs(size) < largestSize ? size : null;
};

/** The way back: a `Dim` as the number that sizes are computed with. */
export const toSize = (dim: number): number => (dim < 0 ? -dim * batchPrime : dim);
