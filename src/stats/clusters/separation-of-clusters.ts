/** Some rows with the clusters that they are in. */
export interface ClusteredRows {
  /** rows × inputs, row-major. */
  readonly values: ArrayLike<number>;
  readonly inputs: number;
  readonly assignments: ArrayLike<number>;
  readonly k: number;
}

/**
 * The mean silhouette of each cluster's rows (Rousseeuw 1987): (b − a)/max(a, b) with a the mean distance to the other rows of the own cluster and b the least mean distance to the rows of another; 0 for a row
 * alone in its cluster. Null for a cluster without rows, and for all of them where all rows are in one.
 */
export const silhouettesOf = ({ values, inputs, assignments, k }: ClusteredRows): (number | null)[] => {
  const rows = assignments.length;
  const [totals, counts] = [new Float64Array(k), new Float64Array(k)];
  for (let i = 0; i < rows; i++) counts[assignments[i]!]! += 1;
  if (counts.filter((count) => count > 0).length < 2) return new Array<null>(k).fill(null);
  for (let i = 0; i < rows; i++) {
    const own = assignments[i]!;
    if (counts[own] === 1) continue;
    const sums = new Float64Array(k);
    for (let j = 0; j < rows; j++) {
      let squares = 0;
      for (let c = 0; c < inputs; c++) squares += (values[i * inputs + c]! - values[j * inputs + c]!) ** 2;
      sums[assignments[j]!]! += Math.sqrt(squares);
    }
    const a = sums[own]! / (counts[own]! - 1);
    let b = Number.POSITIVE_INFINITY;
    for (let c = 0; c < k; c++) if (c !== own && counts[c]! > 0) b = Math.min(b, sums[c]! / counts[c]!);
    const larger = Math.max(a, b);
    if (larger > 0) totals[own]! += (b - a) / larger;
  }
  return Array.from(counts, (count, c) => (count === 0 ? null : totals[c]! / count));
};

/** Of each column: which of the inputs are its own. */
export interface ColumnPlace {
  readonly column: string;
  readonly first: number;
  readonly width: number;
}

/** The share of each column's variance that lies between the clusters (η²), over all of its inputs; 0 where it does not vary. The largest first. */
export const tellingColumns = (
  { values, inputs, assignments, k }: ClusteredRows,
  places: readonly ColumnPlace[],
): { column: string; between: number }[] => {
  const rows = assignments.length;
  const counts = new Float64Array(k);
  for (let i = 0; i < rows; i++) counts[assignments[i]!]! += 1;
  const sharesOf = (input: number): { within: number; total: number } => {
    const sums = new Float64Array(k);
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      sums[assignments[i]!]! += values[i * inputs + input]!;
      sum += values[i * inputs + input]!;
    }
    let [within, total] = [0, 0];
    for (let i = 0; i < rows; i++) {
      const [value, own] = [values[i * inputs + input]!, assignments[i]!];
      within += (value - sums[own]! / counts[own]!) ** 2;
      total += (value - sum / rows) ** 2;
    }
    return { within, total };
  };
  return places
    .map(({ column, first, width }) => {
      let [within, total] = [0, 0];
      for (let input = first; input < first + width; input++) {
        const shares = sharesOf(input);
        within += shares.within;
        total += shares.total;
      }
      return { column, between: total > 0 ? Math.max(0, 1 - within / total) : 0 };
    })
    .toSorted((a, b) => b.between - a.between);
};
