/** Of growing numbers: the one below which this share of them is; undefined of none. */
export const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
