import type { EncodedRows } from "../../src/data/preprocessing/encode-rows.ts";
import { withExposures } from "../../src/data/preprocessing/encoders/exposure-cell.ts";
import { requireFinite } from "../../src/data/preprocessing/require-finite.ts";
import { encodeStoredRows, ofStoredRows, type StoredRow } from "../../src/data/stored/stored-rows.ts";
import type { Preprocessing } from "../../src/domain/models/model.ts";
import type { Prediction } from "../../src/domain/models/predictions/prediction.ts";
import { type Answer, encodeFor } from "../inference/answer.ts";

/** Of a block's encoded rows, 4 MiB; and no more rows than this, so that a block is written often enough. */
const mostInputs = 1024 ** 2;
const mostRows = 4096;

/** How many rows a block has: the same for a model whatever happens, so that blocks are. */
export const rowsOfBlock = ({ inputs, outputs }: Preprocessing): number =>
  Math.max(1, Math.min(mostRows, Math.floor(mostInputs / Math.max(1, inputs + outputs))));

/** What the model says of a block of rows, and what was odd about them. Errors tell the rows' lines in the file. */
export const askBlock = (
  answer: Answer,
  preprocessing: Preprocessing,
  rows: readonly StoredRow[],
): { predictions: Prediction[] } & Pick<EncodedRows, "warnings" | "furtherWarnings"> =>
  ofStoredRows(rows, () => {
    const { inputs, exposures, warnings, furtherWarnings } = encodeStoredRows(preprocessing, rows);
    const encode = (other: Preprocessing): Float32Array => encodeStoredRows(other, rows).inputs;
    const predictions = withExposures(answer(encodeFor(answer, inputs, rows.length, encode)), exposures);
    requireFinite(predictions, warnings);
    return { predictions, warnings, furtherWarnings };
  });

/** A block of answers, a line of JSON for each row, with its number in the file. Counts what training had not. */
export const answerBlock = (
  answer: Answer,
  preprocessing: Preprocessing,
  rows: readonly StoredRow[],
  first: number,
  warnings: Map<string, number>,
): Buffer => {
  const { predictions, warnings: found, furtherWarnings } = askBlock(answer, preprocessing, rows);
  for (const { code } of found) warnings.set(code, (warnings.get(code) ?? 0) + 1);
  if (furtherWarnings > 0) warnings.set("further", (warnings.get("further") ?? 0) + furtherWarnings);
  return Buffer.from(predictions.map((each, i) => `${JSON.stringify({ row: first + i, ...each })}\n`).join(""));
};
