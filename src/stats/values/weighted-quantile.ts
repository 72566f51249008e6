/** The least value that has a share τ of the weights at or below it: Σ w·ρ(y − q) is least there. */
export const weightedQuantile = (
  values: ArrayLike<number>,
  weights: ArrayLike<number> | null | undefined,
  level: number,
): number => {
  const weightOf = (row: number): number => weights?.[row] ?? 1;
  const order = Array.from({ length: values.length }, (_, row) => row)
    .filter((row) => weightOf(row) > 0)
    .sort((a, b) => values[a]! - values[b]! || a - b);
  const total = order.reduce((sum, row) => sum + weightOf(row), 0);
  let below = 0;
  for (const row of order) {
    below += weightOf(row);
    // What is short of it by rounding alone has it.
    if (below >= level * total * (1 - 1e-12)) return values[row]!;
  }
  return values[order.at(-1)!]!;
};
