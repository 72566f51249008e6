import type { Metrics } from "../../../src/domain/jobs/job.ts";
import type { HeldOut } from "../../../src/domain/jobs/spec/folds/cross-validation-spec.ts";
import { sumOfWeights } from "../leading/row-weights.ts";
import type { Judged } from "./judge-rows.ts";

/** A fold that is done. A JSON value: checkpoints carry it. */
export interface FoldDone extends HeldOut {
  readonly trainRows: number;
  /** Held out; and of them those whose predictions are kept. */
  readonly rows: number;
  readonly kept: number;
  /** Σ w of the rows that were held out; absent: each counts once. */
  readonly weight?: number;
  readonly metrics: Metrics;
  readonly distribution: string | null;
  readonly linear: Judged["linear"];
  /** Of `rows`, those of a class that no training row of the fold has. */
  readonly unlearnt?: number;
}

/** What all folds so far have said, one after another. Besides the columns of `Judged` there are `places` and `groups`. */
export interface Pool {
  readonly folds: readonly FoldDone[];
  readonly columns: Readonly<Record<string, Float64Array>>;
}

export const emptyPool: Pool = { folds: [], columns: {} };

const join = (before: Float64Array | undefined, next: Float64Array): Float64Array => {
  if (before === undefined) return next;
  const joined = new Float64Array(before.length + next.length);
  joined.set(before);
  joined.set(next, before.length);
  return joined;
};

/** @param held the file's row numbers and the groups of all rows that were held out */
export const addFold = (
  { folds, columns }: Pool,
  heldOut: HeldOut,
  fold: {
    judged: Judged;
    metrics: Metrics;
    trainRows: number;
    held: { places: Int32Array; groups: Int32Array };
    unlearnt: number;
  },
): Pool => {
  const { judged, metrics, trainRows, held, unlearnt } = fold;
  const { rows, distribution, linear } = judged;
  const own: Record<string, Float64Array> = {
    ...judged.columns,
    places: Float64Array.from(rows, (row) => held.places[row]!),
    groups: Float64Array.from(rows, (row) => held.groups[row]!),
  };
  const done: FoldDone = {
    ...heldOut,
    ...{ trainRows, rows: held.places.length, kept: rows.length, metrics, distribution, linear },
    ...(unlearnt === 0 ? {} : { unlearnt }),
    ...(judged.columns.weights === undefined ? {} : { weight: sumOfWeights(judged.columns.weights) }),
  };
  // What one fold does not know (a likelihood, say) is not known of all.
  const names = Object.keys(own).filter((name) => folds.length === 0 || name in columns);
  return {
    folds: [...folds, done],
    columns: Object.fromEntries(names.map((name) => [name, join(columns[name], own[name]!)])),
  };
};

/** Numbers the units by their value: rows in file order, or groups. */
export const unitsOf = ({ columns }: Pool): Int32Array => {
  const groups = columns.groups ?? new Float64Array();
  const inOrder = [...Float64Array.from(new Set(groups)).sort()];
  const position = new Map(inOrder.map((group, i) => [group, i]));
  return Int32Array.from(groups, (group) => position.get(group)!);
};
