import type { ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";

/** Floats (f32) one after another, from an offset in bytes. */
interface Floats {
  readonly offset: number;
  readonly count: number;
}

/** Rows go into `input`; `program` leaves what is kept of them in `output`. */
export interface TrunkPlan {
  readonly program: number;
  readonly rows: number;
  readonly inputs: number;
  readonly width: number;
  readonly input: Floats;
  readonly output: Floats;
}

/** Where each row of a split is found in the data set's file: its first byte (f64), how many (u32), and a digest of them (16 bytes). */
interface StoredPlan {
  readonly rows: number;
  readonly positionsOffset: number;
  readonly lengthsOffset: number;
  readonly digestsOffset: number;
}

/** Rows of data larger than memory, as a thread of their own leaves them: f32 `[rows, inputs]`, the oldest overwritten by the next. */
export interface RingPlan {
  readonly rows: number;
  readonly inputs: number;
  readonly rowsOffset: number;
  /** The words by which the lead and the reader agree, and behind them the text of an error. */
  readonly wordsOffset: number;
  /** i32: 0, 1, …, rows − 1, 0, 1, …: what is taken from any row on may go past the end. */
  readonly slots: { readonly offset: number; readonly count: number };
  /** i32: the slot of the batch's first row. */
  readonly cursorOffset: number;
  /** Null: the rows are encoded to a file of the trainer's first. */
  readonly stored: Readonly<Record<"train" | "validation" | "test", StoredPlan>> | null;
  readonly spill: SpillPlan | null;
}

/** A file of encoded rows: f32 `[inputs]` and a check each, split by split, and room for those of an epoch in its order, which have their position as well. */
export interface SpillPlan {
  readonly rows: Readonly<Record<"train" | "validation" | "test", number>>;
  readonly bytes: number;
  /** u32, one for each training row: free while rows are waited for. */
  readonly positionsOffset: number;
}

/** Stored images of the training rows, and the batch that is made of them before each step. */
export interface FeedPlan {
  readonly pixelsOffset: number;
  readonly imageBytes: number;
  readonly features: Floats;
}

/** Makes `out` of training rows (their places in the split) as this epoch sees them. */
export type Feed = (rows: Int32Array, epoch: number, out: Float32Array) => void;

/** Rows count by a column of weights. */
export const isWeighted = ({ task }: Pick<ResolvedJobSpec, "task">): boolean =>
  "weight" in task && task.weight !== undefined;

/** Counts are of what a column says, or of e to it. */
export const hasOffset = ({ task }: Pick<ResolvedJobSpec, "task">): boolean =>
  task.type === "regression" && (task.exposure ?? task.offset) !== undefined;
