import type { SplitSizes } from "../split-sizes.ts";
import type { TimeKey, TimeStretch } from "./counted-rows.ts";

/** From when on rows validate, and from when on they test; infinite where none does. */
export interface TimeCuts {
  readonly validationFrom: TimeKey;
  readonly testFrom: TimeKey;
  readonly sizes: SplitSizes;
}

/** The stretch before `end` from which on the rows are nearest to `wanted`; at least one, and never the first. */
const cutAt = (stretches: readonly TimeStretch[], end: number, wanted: number): number => {
  if (wanted === 0 || end < 2) return end;
  let [best, rows] = [end, 0];
  let nearest = Number.POSITIVE_INFINITY;
  for (let at = end - 1; at > 0; at--) {
    rows += stretches[at]!.rows;
    const distance = Math.abs(rows - wanted);
    if (distance >= nearest) break;
    [best, nearest] = [at, distance];
  }
  return best;
};

const rowsIn = (stretches: readonly TimeStretch[], from: number, to: number): number =>
  stretches.slice(from, to).reduce((sum, { rows }) => sum + rows, 0);

/** The last rows test, those before them validate; rows of one time are never parted. */
export const splitTimes = (
  stretches: readonly TimeStretch[],
  shares: { validation: number; test: number },
): TimeCuts => {
  const total = rowsIn(stretches, 0, stretches.length);
  const test = cutAt(stretches, stretches.length, shares.test * total);
  const validation = cutAt(stretches, test, shares.validation * total);
  const fromOf = (at: number): TimeKey => stretches[at]?.from ?? Number.POSITIVE_INFINITY;
  return {
    validationFrom: validation === test ? fromOf(test) : fromOf(validation),
    testFrom: fromOf(test),
    sizes: {
      train: rowsIn(stretches, 0, validation),
      validation: rowsIn(stretches, validation, test),
      test: rowsIn(stretches, test, stretches.length),
    },
  };
};
