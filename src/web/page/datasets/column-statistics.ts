/** Distributions and correlations of rows that were looked at. Nothing here touches the document. */

import type { Cell, Column, Row } from "../../../domain/datasets/dataset.ts";
import type { Bin } from "../charts/bins.ts";

/** Bins of one width over [low, high]; the last holds its upper end too. Values outside are left out. */
export const toBins = (values: readonly number[], low: number, high: number, wanted = 20): Bin[] => {
  if (!(high > low)) return values.length === 0 ? [] : [{ from: low - 0.5, to: low + 0.5, count: values.length }];
  const width = (high - low) / wanted;
  const counts = new Array<number>(wanted).fill(0);
  for (const value of values) {
    if (!(value >= low && value <= high)) continue;
    const place = Math.min(wanted - 1, Math.floor((value - low) / width));
    counts[place] = counts[place]! + 1;
  }
  return counts.map((count, i) => ({ from: low + i * width, to: low + (i + 1) * width, count }));
};

const dayMs = 86_400_000;

/** A cell as a number: dates in days since 1970; null where it is missing or none. */
export const toNumber = (cell: Cell | undefined, type: Column["type"]): number | null => {
  if (cell === null || cell === undefined || cell === "") return null;
  if (typeof cell === "number") return Number.isFinite(cell) ? cell : null;
  const number = type === "datetime" ? Date.parse(String(cell)) / dayMs : type === "number" ? Number(cell) : Number.NaN;
  return Number.isFinite(number) ? number : null;
};

export const fromDays = (days: number): string => new Date(days * dayMs).toISOString().slice(0, 10);

/** A column of numbers or of dates, as it lies in the rows. */
export const numbersOf = (rows: readonly Row[], { name, type }: Pick<Column, "name" | "type">): (number | null)[] =>
  rows.map((row) => toNumber(row[name], type));

/** As fine as the rows allow: from 5 to 30 bins, about √n. */
export const binsOf = (values: readonly (number | null)[], low: number, high: number): Bin[] => {
  const known = values.filter((value) => value !== null);
  return toBins(known, low, high, Math.min(30, Math.max(5, Math.round(Math.sqrt(known.length)))));
};

/** Pearson's r over the rows that have both; null where fewer than three have, or one of them does not vary. */
export const correlation = (a: readonly (number | null)[], b: readonly (number | null)[]): number | null => {
  let [n, meanA, meanB, squaresA, squaresB, products] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? null, b[i] ?? null];
    if (x === null || y === null) continue;
    n++;
    // Welford's update, of both means at once.
    const [fromA, fromB] = [x - meanA, y - meanB];
    meanA += fromA / n;
    meanB += fromB / n;
    squaresA += fromA * (x - meanA);
    squaresB += fromB * (y - meanB);
    products += fromA * (y - meanB);
  }
  if (n < 3 || squaresA <= 0 || squaresB <= 0) return null;
  return Math.max(-1, Math.min(1, products / Math.sqrt(squaresA * squaresB)));
};

/** Columns whose values lie on an axis. */
export const measured = (columns: readonly Column[]): Column[] =>
  columns.filter(({ type }) => type === "number" || type === "datetime");

export type CorrelationOf = (a: Column, b: Column) => number | null;

/** The correlation of two columns of the rows: each column is read, and each two are compared, once, when they are first asked for. */
export const createCorrelationOf = (rows: readonly Row[]): CorrelationOf => {
  const known = new Map<string, { values: (number | null)[]; others: Map<string, number | null> }>();
  const read = (column: Column) => {
    const before = known.get(column.name);
    if (before !== undefined) return before;
    const first = { values: numbersOf(rows, column), others: new Map<string, number | null>() };
    known.set(column.name, first);
    return first;
  };
  return (a, b) => {
    const [own, other] = a.name < b.name ? [a, b] : [b, a];
    const { values, others } = read(own);
    const before = others.get(other.name);
    if (before !== undefined) return before;
    const value = correlation(values, read(other).values);
    others.set(other.name, value);
    return value;
  };
};

/** Of each two columns, in their order: cells[i][j]. */
export const correlations = (columns: readonly Column[], correlationOf: CorrelationOf): (number | null)[][] =>
  columns.map((own) => columns.map((other) => (own === other ? 1 : correlationOf(own, other))));

/** The other columns that a column is correlated with, the strongest first. */
export const correlatedWith = (
  column: Column,
  columns: readonly Column[],
  correlationOf: CorrelationOf,
): { name: string; value: number }[] =>
  measured(columns)
    .filter(({ name }) => name !== column.name)
    .flatMap((other) => {
      const value = correlationOf(column, other);
      return value === null ? [] : [{ name: other.name, value }];
    })
    .toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value));
