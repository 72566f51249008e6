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

/** Stored images of the training rows, and the batch that is made of them before each step. */
export interface FeedPlan {
  readonly pixelsOffset: number;
  readonly imageBytes: number;
  readonly features: Floats;
}

/** Makes `out` of training rows (their places in the split) as this epoch sees them. */
export type Feed = (rows: Int32Array, epoch: number, out: Float32Array) => void;
