import type { Prediction } from "../../src/domain/models/predictions/prediction.ts";

/** Rows as their model takes them: for each of its inputs the numbers, row-major. A model that was trained here has one input. */
export interface Encoded {
  readonly inputs: readonly Float32Array[];
  readonly rows: number;
}

/** A loaded model: encoded rows to answers, in their order. A row's answer has the same bits whatever rows are asked with it. */
export type Answer = (encoded: Encoded) => Prediction[];
