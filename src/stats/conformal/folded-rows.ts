/** Rows of the first repeat: the fold that each is in, from 0. */
export interface FoldedRows {
  readonly folds: number;
  readonly foldOf: ArrayLike<number>;
}

/** Scores of the rows that are picked of those kept, fold by fold, growing. */
export const byFold = (
  { folds, foldOf }: FoldedRows,
  { rows, scores }: { readonly rows: readonly number[]; readonly scores: ArrayLike<number> },
  picked: readonly number[],
): number[][] =>
  Array.from({ length: folds }, (_, fold) =>
    Array.from(Float64Array.from(picked.filter((i) => foldOf[rows[i]!] === fold).map((i) => scores[i]!)).sort()),
  );
