import type { Preprocessing } from "../../domain/models/model.ts";
import type { ReportNote } from "../../domain/models/report.ts";
import type { Table } from "../../engine/tensor/table.ts";
import { type Term, termsOf } from "./terms.ts";

/** Coefficients whose covariances are computed at most. */
export const mostCovariances = 400;

/** Coefficients that a report lists; those of a larger model are in its weights. */
export const mostListed = 5000;

export const notListed = (count: number): ReportNote => ({
  code: "too_many_coefficients",
  message: `${count} coefficients are not listed; the model's weights hold them`,
});

/** The columns of a predictor that is solved. */
export interface SolvedColumns {
  /** The input that each is; the first is −1, the column of ones, unless the model has no intercept. */
  columns: Int32Array;
  /** What they are called; null: under a penalty all inputs are columns, and named when the errors are computed. */
  terms: readonly Term[] | null;
}

/** 1 for each column that is not the same in all rows, found in one pass. */
const varyingColumns = ({ rows, columns, values, seek }: Table): Uint8Array => {
  const varying = new Uint8Array(columns);
  if (rows === 0) return varying;
  const first = Float64Array.from(values.subarray(seek(0), columns));
  for (let row = 1; row < rows; row++) {
    const start = seek(row);
    for (let i = 0; i < columns; i++) if (values[start + i] !== first[i]) varying[i] = 1;
  }
  return varying;
};

/** Without a penalty each category leaves its first level out, and what is the same in all training rows has no column. */
export const solvedColumns = (
  preprocessing: Preprocessing,
  features: Table,
  { penalised, intercept }: { penalised: boolean; intercept: boolean },
): SolvedColumns => {
  const { inputs } = preprocessing;
  if (penalised) return { columns: Int32Array.from({ length: inputs + 1 }, (_, i) => i - 1), terms: null };
  const varying = intercept ? varyingColumns(features) : null;
  const isConstant = (input: number): boolean => varying?.[input] === 0;
  // Through the origin a constant column says something.
  const terms = intercept
    ? termsOf(preprocessing, isConstant)
    : termsOf(preprocessing, () => false).filter(({ input }) => input !== null);
  return { columns: Int32Array.from(terms, ({ input }) => input ?? -1), terms };
};
