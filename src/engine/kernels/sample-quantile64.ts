/** A quantile of growing values: between the two about the place share·(n − 1), in a straight line (Hyndman & Fan 1996, type 7). */
export const sampleQuantile = (sorted: Float64Array, share: number): number => {
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (at - Math.floor(at)) * (high - low);
};
