import type { TableForm } from "../domain/datasets/dataset.ts";
import { ServiceError } from "../domain/errors.ts";
import { type Compression, compressionOf, isTar, tarHead, uncompressed } from "./archives/compressed.ts";
import { peek } from "./archives/peek.ts";

/** Compressed in compressed is hostile or a mistake. */
const mostLayers = 2;

/** A table's bytes without what they are compressed with, and the first of them. `malformed` for an archive. */
export const unwrapTable = async (
  body: AsyncIterable<Uint8Array>,
): Promise<{ head: Buffer; stream: AsyncIterable<Uint8Array> }> => {
  let { head, stream } = await peek(body, tarHead);
  const layers: Compression[] = [];
  for (let found = compressionOf(head); found !== null; found = compressionOf(head)) {
    if (layers.length === mostLayers)
      throw new ServiceError("malformed", "the file is compressed more than twice; uncompress it");
    layers.push(found);
    ({ head, stream } = await peek(uncompressed(stream, found), tarHead));
  }
  if (isTar(head)) {
    const remedy =
      "send archives of images with Content-Type: application/x-tar or application/gzip, and tables as they are";
    throw new ServiceError("malformed", `the file is a tar archive; ${remedy}`);
  }
  return { head, stream };
};

/** What no CSV begins with, as a quote would stand inside a cell without quotes: an object, or a list of them, which is refused as JSON. */
const jsonStart = /^(?:\ufeff)?[ \t\r\n]*(?:\{|\[[ \t\r\n]*\{)[ \t\r\n]*"/;

/** What a table is, as its first bytes say. */
export const tableForm = (head: Buffer): TableForm => {
  if (head.toString("latin1", 0, 4) === "PAR1") return "parquet";
  return jsonStart.test(head.toString("utf8", 0, 256)) ? "ndjson" : "csv";
};
