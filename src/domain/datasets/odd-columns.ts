import type { Column } from "./dataset.ts";

/** No row has a value. */
export const isEmptyColumn = ({ missing }: Column, rows: number): boolean => missing === rows;

/** The one value that every row has; null if rows differ. */
export const constantOf = (column: Column): string | null => {
  if (column.missing > 0) return null;
  if (column.type === "number") return column.minimum === column.maximum ? String(column.minimum) : null;
  return column.distinct === 1 ? (column.categories?.[0]?.value ?? null) : null;
};
