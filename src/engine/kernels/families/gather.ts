import type { InfoOf } from "../kernel-info.ts";

/**
 * A mini-batch from a data set that lies in memory. `indices` is an i32 vector (a permutation of the rows); `cursor` points to one i32, the position in it
 * where this batch begins (advanced between steps while the plan's arguments stay fixed), or is 0: position 0. Units: rows of the batch.
 */
export interface GatherKernels {
  /** out[i, ·] = data[indices[cursor + i], ·], `columns` elements. */
  gatherRows(
    out: number,
    data: number,
    indices: number,
    cursor: number,
    columns: number,
    start: number,
    end: number,
  ): void;
  /** The same for i32 data (labels). */
  gatherIntegers(
    out: number,
    data: number,
    indices: number,
    cursor: number,
    columns: number,
    start: number,
    end: number,
  ): void;
}

const gather = { args: ["out", "data", "indices", "cursor", "columns"], unit: "rows", grain: 16 } as const;

export const gatherInfo: InfoOf<GatherKernels> = { gatherRows: gather, gatherIntegers: gather };
