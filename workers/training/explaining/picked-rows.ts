import type { Floats } from "../../../src/data/preprocessing/encoders/floats.ts";
import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { Split } from "../../../src/data/splits/split.ts";
import type { PagedRows } from "../../../src/stats/coefficients/input-rows.ts";

/** Inputs of some rows of a split: each row's begin at so many rows of `features`. What is changed there, the model is asked with. */
export interface PickedRows {
  readonly features: Floats;
  readonly rows: Int32Array;
}

/** By growing places. */
export type PickRows = (split: Split, rows: Int32Array) => PickedRows;

/** Of arrays that hold all rows. */
export const pickFrom =
  (arrays: PreparedArrays): PickRows =>
  (split, rows) => ({ features: arrays[split].features, rows });

/** So many rows are picked at once where all are looked at: more would be held at once than there is room for. */
const rowsAtOnce = 4096;

/** All rows of a split by their places, or those that are named, part by part. */
export function* pickedParts(
  pick: PickRows,
  split: Split,
  rows: number | Int32Array,
): Generator<PickedRows & { first: number }, void, void> {
  const total = typeof rows === "number" ? rows : rows.length;
  for (let first = 0; first < total; first += rowsAtOnce) {
    const length = Math.min(rowsAtOnce, total - first);
    const places =
      typeof rows === "number"
        ? Int32Array.from({ length }, (_, i) => first + i)
        : rows.subarray(first, first + length);
    yield { ...pick(split, places), first };
  }
}

/**
 * All inputs of a split, in pages.
 * @param onPage called before each
 */
export const pageOf = (
  pick: PickRows,
  { split, total, onPage }: { split: Split; total: number; onPage: () => void },
): PagedRows => ({
  from: (row) => {
    onPage();
    const places = Int32Array.from({ length: Math.min(rowsAtOnce, total - row) }, (_, i) => row + i);
    return pick(split, places).features;
  },
});
