import type { Preprocessing } from "../../src/domain/models/model.ts";
import type { Answer, Encoded } from "./answer.ts";

/**
 * Rows as a loaded model takes them.
 * @param own their inputs by the model's own preprocessing
 * @param encode the same rows by another one
 */
export const encodeFor = (
  { encodings }: Answer,
  own: Float32Array,
  rows: number,
  encode: (preprocessing: Preprocessing) => Float32Array,
): Encoded => ({ inputs: encodings === undefined ? [own] : encodings.map(encode), rows });
