import type { ColumnInputs } from "./correlated-columns.ts";

export interface LinearWeightsOfInputs {
  /** inputs × outputs, row-major, and one for each output. */
  readonly weight: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
}

/** What is said of each output: Σ over the columns of values + base = own. */
export interface Contributions {
  readonly base: Float64Array;
  readonly own: Float64Array;
  /** columns × outputs. */
  readonly values: Float64Array;
}

/** base = b + Σ w·mean, and for each column Σ w·(x − mean) over its inputs: for a linear model these are its Shapley values where columns are independent. */
export const linearContributions = (
  { weight, bias }: LinearWeightsOfInputs,
  means: ArrayLike<number>,
  row: ArrayLike<number>,
  columns: readonly ColumnInputs[],
): Contributions => {
  const outputs = bias.length;
  const base = Float64Array.from(bias);
  const values = new Float64Array(columns.length * outputs);
  for (const [i, { first, width }] of columns.entries())
    for (let input = first; input < first + width; input++)
      for (let k = 0; k < outputs; k++) {
        const w = weight[input * outputs + k]!;
        base[k]! += w * means[input]!;
        values[i * outputs + k]! += w * (row[input]! - means[input]!);
      }
  const own = base.map((start, k) => {
    let sum = start;
    for (let i = 0; i < columns.length; i++) sum += values[i * outputs + k]!;
    return sum;
  });
  return { base, own, values };
};
