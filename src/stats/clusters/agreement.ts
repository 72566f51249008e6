/** Rows by their group in one division (first index) and in the other, row-major. */
const contingency = (a: ArrayLike<number>, b: ArrayLike<number>, [ka, kb]: readonly [number, number]): Float64Array => {
  const counts = new Float64Array(ka * kb);
  for (let i = 0; i < a.length; i++) counts[a[i]! * kb + b[i]!]! += 1;
  return counts;
};

const sumsOf = (counts: Float64Array, [ka, kb]: readonly [number, number]) => {
  const [rows, columns] = [new Float64Array(ka), new Float64Array(kb)];
  for (const [at, count] of counts.entries()) {
    rows[Math.floor(at / kb)]! += count;
    columns[at % kb]! += count;
  }
  return { rows, columns };
};

const pairs = (n: number): number => (n * (n - 1)) / 2;
const sumOfPairs = (counts: Float64Array): number => counts.reduce((sum, count) => sum + pairs(count), 0);

/**
 * The adjusted Rand index of two divisions of the same rows (Hubert & Arabie 1985): the share of pairs of rows that both put together or both part, so that chance comes to 0 and the same division to 1.
 * 1 where both have one group, or each row by itself.
 */
export const adjustedRand = (a: ArrayLike<number>, b: ArrayLike<number>, sizes: readonly [number, number]): number => {
  const counts = contingency(a, b, sizes);
  const { rows, columns } = sumsOf(counts, sizes);
  const [ofRows, ofColumns] = [sumOfPairs(rows), sumOfPairs(columns)];
  const expected = (ofRows * ofColumns) / pairs(a.length);
  const most = (ofRows + ofColumns) / 2;
  return most === expected || a.length < 2 ? 1 : (sumOfPairs(counts) - expected) / (most - expected);
};

/** For each group of the first division the largest Jaccard similarity |A ∩ B| / |A ∪ B| with a group of the other (Hennig 2007); null where none of the rows is in it. */
export const jaccards = (
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  sizes: readonly [number, number],
): (number | null)[] => {
  const counts = contingency(a, b, sizes);
  const { rows, columns } = sumsOf(counts, sizes);
  const [ka, kb] = sizes;
  return Array.from({ length: ka }, (_, i) => {
    if (rows[i] === 0) return null;
    let most = 0;
    for (let j = 0; j < kb; j++) {
      const both = counts[i * kb + j]!;
      most = Math.max(most, both / (rows[i]! + columns[j]! - both));
    }
    return most;
  });
};
