import type { Table } from "../../../engine/tensor/table.ts";
import type { Split } from "../../splits/split.ts";
import type { StoredPlaces } from "../../streamed/stored-places.ts";
import type { Floats } from "../encoders/floats.ts";

/** Where the rows of one split go, in file order. */
export interface SplitArrays {
  /** rows × inputs, row-major. */
  features: Floats;
  /** Class indices (Int32Array, or Float32Array for binary_cross_entropy), standardised numbers or counts (floats); null for tasks without a label. */
  labels: Int32Array | Floats | null;
  /** The stored images, one after another, where training changes them. */
  pixels?: Uint8Array;
  /** Takes the rows instead of the features, one after another. */
  sink?: RowSink;
  /** Brings the inputs of the rows where `features` hold none. */
  table?: Table;
  /** Takes where the rows stand in the file instead of the features, which are read from there when they are needed. */
  stored?: StoredPlaces;
  /** How much each row counts, as the file has it; absent: each counts once. */
  weights?: Float64Array;
  /** The logarithm of what each row's count is of; absent: of one unit. */
  offsets?: Float64Array;
  /** The rows' numbers in the file, from 0, where they are asked for. */
  places?: Int32Array;
  /** The rows' labels as the file has them, where they are asked for: numbers, or classes' indices. */
  truths?: Float64Array;
  /** Which rows belong together: the column's texts, numbered as they come. */
  clusters?: Int32Array;
  /** What is one where rows are held out: the group of each row, or the row itself. */
  groups?: Int32Array;
  /** What the trials of a penalty hold out as one. */
  units?: Int32Array;
}

export interface RowSink {
  readonly floats: Floats;
  /** Where the inputs of the next row go: those of the row before are there. */
  next(): number;
}

export type PreparedArrays = Record<Split, SplitArrays>;
