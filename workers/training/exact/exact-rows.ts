import type { PreparedArrays, SplitArrays } from "../../../src/data/preprocessing/prepare.ts";
import { gatherRows, type Table, tableOf } from "../../../src/engine/tensor/table.ts";
import { type PickRows, pickFrom } from "../explaining/picked-rows.ts";

/** The inputs of a split's rows, in memory or from disk: numbers of 64 bits. */
export const rowsOf = ({ features, table }: SplitArrays, inputs: number): Table<Float64Array> =>
  (table ?? tableOf(features, inputs)) as Table<Float64Array>;

/** Rows that a report asks about: copies of those that lie on disk. */
export const pickSolved = (arrays: PreparedArrays): PickRows => {
  const pick = pickFrom(arrays);
  return (split, places) => {
    const { table } = arrays[split];
    if (table === undefined) return pick(split, places);
    return { features: gatherRows(table, places), rows: Int32Array.from(places.keys()) };
  };
};
