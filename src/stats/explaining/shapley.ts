import type { ColumnInputs } from "./correlated-columns.ts";

/** Asks the model about rows of encoded inputs: rows × answers. */
export type AskInputs = (inputs: Float32Array) => ArrayLike<number>;

export interface ShapleyQuestion {
  /** The encoded row. */
  readonly row: Float32Array;
  /** Encoded training rows, one after another. */
  readonly background: Float32Array;
  readonly columns: readonly ColumnInputs[];
  readonly answers: number;
  readonly ask: AskInputs;
  /** The orders in which the columns pass from a background row's cells to the row's own. */
  readonly ordersOf: (background: number) => readonly ArrayLike<number>[];
}

export interface ShapleyValues {
  /** Mean answer to the background rows. */
  readonly base: Float64Array;
  readonly own: Float64Array;
  /** columns × answers. */
  readonly values: Float64Array;
  /** Of the values, from the differences between background rows; null: there is only one. */
  readonly errors: Float64Array | null;
}

/** The background row with more and more cells of the row's own, in each of the orders: columns − 1 rows each. */
const walksOf = ({ row, columns }: ShapleyQuestion, from: Float32Array, orders: readonly ArrayLike<number>[]) => {
  const steps = columns.length - 1;
  const out = new Float32Array(orders.length * steps * row.length);
  for (const [i, order] of orders.entries()) {
    const mixed = from.slice();
    for (let step = 0; step < steps; step++) {
      const { first, width } = columns[order[step]!]!;
      mixed.set(row.subarray(first, first + width), first);
      out.set(mixed, (i * steps + step) * row.length);
    }
  }
  return out;
};

/**
 * Shapley values of v(S) = mean over background rows b of f(cells of the row for columns in S, of b for the others), as means over background rows and orders of
 * what each column adds when it is its turn (Castro, Gómez & Tejada 2009; Štrumbelj & Kononenko 2014). Every order of every background row starts at f(b) and ends
 * at f(row), so the values add up to own − base to rounding, however few orders there are; with all of them they are exact. The orders of one background row belong
 * together: the standard errors are of means over background rows.
 */
export const shapleyValues = (question: ShapleyQuestion): ShapleyValues => {
  const { row, background, columns, answers, ask, ordersOf } = question;
  const count = background.length / row.length;
  const own = Float64Array.from(ask(row));
  const asked = ask(background);
  const base = new Float64Array(answers);
  const size = columns.length * answers;
  const each = new Float64Array(count * size);
  for (let b = 0; b < count; b++) {
    const start = Float64Array.from({ length: answers }, (_, k) => asked[b * answers + k]!);
    for (let k = 0; k < answers; k++) base[k]! += start[k]! / count;
    const orders = ordersOf(b);
    const steps = columns.length - 1;
    const from = background.subarray(b * row.length, (b + 1) * row.length);
    const between = steps === 0 ? [] : ask(walksOf(question, from, orders));
    for (const [i, order] of orders.entries())
      for (let k = 0; k < answers; k++) {
        let before = start[k]!;
        for (let step = 0; step <= steps; step++) {
          const after = step === steps ? own[k]! : between[(i * steps + step) * answers + k]!;
          each[b * size + order[step]! * answers + k]! += (after - before) / orders.length;
          before = after;
        }
      }
  }
  const values = new Float64Array(size);
  for (let at = 0; at < each.length; at++) values[at % size]! += each[at]! / count;
  if (count < 2) return { base, own, values, errors: null };
  const squares = new Float64Array(size);
  for (let at = 0; at < each.length; at++) squares[at % size]! += (each[at]! - values[at % size]!) ** 2;
  return { base, own, values, errors: squares.map((sum) => Math.sqrt(sum / (count - 1) / count)) };
};
