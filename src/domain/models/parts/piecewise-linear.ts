/** The value at x of the function that is linear between the points (at, value), `at` growing, and constant beyond them. */
export const valueBetween = (at: readonly number[], value: readonly number[], x: number): number => {
  const last = at.length - 1;
  if (!(x > at[0]!)) return value[0]!;
  if (x >= at[last]!) return value[last]!;
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (at[middle]! <= x) low = middle;
    else high = middle;
  }
  const share = (x - at[low]!) / (at[high]! - at[low]!);
  return value[low]! + share * (value[high]! - value[low]!);
};

/** A quantile of growing values: between the two about the place share·(n − 1), in a straight line (Hyndman & Fan 1996, type 7). */
export const sampleQuantile = (sorted: Float64Array, share: number): number => {
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (at - Math.floor(at)) * (high - low);
};
