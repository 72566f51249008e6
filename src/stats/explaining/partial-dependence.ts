import type { ColumnInputs } from "./correlated-columns.ts";

/** Rows of an array, and the model asked about them as they stand in it. */
export interface Dependence {
  readonly features: Float32Array | Float64Array;
  readonly inputs: number;
  readonly rows: ArrayLike<number>;
  /** rows × answers. */
  readonly ask: () => ArrayLike<number>;
  readonly answers: number;
}

/**
 * f̄(v) = 1/n Σ f(row with the column set to v) for each value v, given by the column's inputs (Friedman 2001, partial dependence, by brute force), and f itself for
 * each row (Goldstein et al. 2015, individual conditional expectation). The array is as it was afterwards.
 */
export const partialDependence = (
  { features, inputs, rows, ask, answers }: Dependence,
  { first, width }: ColumnInputs,
  values: readonly ArrayLike<number>[],
): { means: Float64Array[]; asked: ArrayLike<number>[] } => {
  const kept = Array.from(rows, (row) => features.slice(row * inputs + first, row * inputs + first + width));
  const put = (of: (i: number) => ArrayLike<number>): void => {
    for (let i = 0; i < rows.length; i++) features.set(of(i), rows[i]! * inputs + first);
  };
  try {
    const asked = values.map((value) => {
      put(() => value);
      return ask();
    });
    const means = asked.map((outputs) => {
      const sums = new Float64Array(answers);
      for (let i = 0; i < rows.length; i++)
        for (let k = 0; k < answers; k++) sums[k]! += outputs[i * answers + k]! / rows.length;
      return sums;
    });
    return { means, asked };
  } finally {
    put((i) => kept[i]!);
  }
};
