import { createHash } from "node:crypto";
import type { Dataset } from "../../domain/datasets/dataset.ts";
import type { CsvRecord } from "../../formats/csv/csv-record.ts";
import { imageTableHeader } from "../../formats/images/image-table.ts";

/** Where the bytes of each row of a split stand in the data set's file, and what they are held against when they are read again. */
export interface StoredPlaces {
  readonly positions: Float64Array;
  readonly lengths: Uint32Array;
  /** `rowDigestBytes` of each. */
  readonly digests: Uint8Array;
}

/** Half of a SHA-256: against damage, not against somebody who can write the store. */
export const rowDigestBytes = 16;
export const digestOfRow = (bytes: Uint8Array): Uint8Array =>
  createHash("sha256").update(bytes).digest().subarray(0, rowDigestBytes);

/** Before each cell of a file of images stands its length. */
const lengthBytes = 4;

/** Notes where a column's cell of each record lies, as the records come in file order. */
export const createPlaceFinder = ({ columns }: Dataset, column: string | undefined) => {
  const index = columns.findIndex(({ name }) => name === column);
  let at = imageTableHeader(columns.map(({ name }) => name)).length;
  return (record: CsvRecord): { position: number; bytes: Uint8Array } => {
    let position = 0;
    for (let i = 0; i < record.cells; i++) {
      at += lengthBytes;
      if (i === index) position = at;
      at += record.ends[i]! - record.starts[i]!;
    }
    return { position, bytes: record.bytes.subarray(record.starts[index], record.ends[index]) };
  };
};

export const notePlace = (
  { positions, lengths, digests }: StoredPlaces,
  row: number,
  { position, bytes }: { position: number; bytes: Uint8Array },
): void => {
  positions[row] = position;
  lengths[row] = bytes.length;
  digests.set(digestOfRow(bytes), row * rowDigestBytes);
};
