import type { Readable } from "node:stream";
import type { DatasetNote, TableForm, TextEncoding } from "../../domain/datasets/dataset.ts";
import { invalidAt } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { markedEncoding, refuseUnmarked, toUtf8 } from "../../formats/csv/text-encoding.ts";
import { readJsonLines } from "../../formats/ndjson/json-lines.ts";
import type { TableBytes } from "../../formats/table-bytes.ts";
import { tableForm, unwrapTable } from "../../formats/table-start.ts";
import type { Room } from "../admission/room.ts";
import type { Deps } from "../deps.ts";

interface TableUpload {
  /** Where the file lies while it is read more than once. */
  uploadKey: string;
  body: Readable;
  room: Room;
  /** What the user says that it is; left out: what its first bytes say. */
  form: TableForm | undefined;
  encoding: TextEncoding | undefined;
}

interface TableSource {
  /** CSV in UTF-8. */
  bytes: AsyncIterable<Uint8Array>;
  texts?: ReadonlySet<string>;
  /** What it came as; all but CSV is CSV of our own writing now, whose dialect is known. */
  form: TableForm;
  notes: DatasetNote[];
  /** Removes what was kept of the upload. */
  close(): Promise<void>;
}

export const formNames: Record<TableForm, string> = { csv: "CSV", ndjson: "JSON Lines", parquet: "Parquet" };

const notesOf = (form: TableForm, { leftOut }: TableBytes): DatasetNote[] => {
  const message = `the file was ${formNames[form]}, and is kept as CSV; its bytes, its digest and the lines that notes name are those of the CSV`;
  if (leftOut.length === 0) return [{ code: "converted", message }];
  const named = leftOut.slice(0, 10).map(({ name, reason }) => `${JSON.stringify(name)} (${reason})`);
  const further = leftOut.length > named.length ? ` and ${leftOut.length - named.length} more` : "";
  const left = `left out, as they have no form in a table: ${named.join(", ")}${further}`;
  return [
    { code: "converted", message },
    { code: "columns_left_out", message: left },
  ];
};

const readCsv = (
  { encoding }: TableUpload,
  head: Buffer,
  stream: AsyncIterable<Uint8Array>,
): Omit<TableSource, "close" | "form"> => {
  const marked = markedEncoding(head);
  if (encoding === undefined && marked === null) refuseUnmarked(head);
  const bytes = toUtf8(stream, encoding ?? marked ?? "utf-8");
  if (encoding !== undefined || marked === null) return { bytes, notes: [] };
  const message = `the file begins like ${marked.toUpperCase()}, so it was read so, and is kept in UTF-8`;
  return { bytes, notes: [{ code: "encoding_found", message }] };
};

const requireNoEncoding = ({ encoding }: TableUpload, form: TableForm): void => {
  if (encoding === undefined || encoding === "utf-8") return;
  const detail = `is for CSV files; ${formNames[form]} has but one, so leave it out`;
  throw invalidAt("/query/encoding", detail);
};

/**
 * An upload as the CSV that is to be stored, whatever it came as: compressed with gzip or zstd, CSV in another encoding, JSON Lines or Parquet. The last two are read more than once,
 * so they lie in the store meanwhile.
 */
export const openTable = async (
  { artifacts, readParquet }: Pick<Deps, "artifacts" | "readParquet">,
  upload: TableUpload,
): Promise<TableSource> => {
  const { head, stream } = await unwrapTable(upload.body);
  const form = upload.form ?? tableForm(head);
  if (form === "csv") return { ...readCsv(upload, head, stream), form, close: async () => {} };
  requireNoEncoding(upload, form);
  const { uploadKey, room } = upload;
  const { bytes } = await artifacts.write(uploadKey, room.filled(stream), { limitBytes: limits.datasetBytes });
  const read = (range?: { start: number; end: number }) => artifacts.read(uploadKey, range);
  const table = form === "ndjson" ? await readJsonLines(read) : await readParquet(read, bytes);
  return {
    ...{ bytes: table.csv, texts: table.texts, form, notes: notesOf(form, table) },
    close: async () => {
      table.close?.();
      await artifacts.remove(uploadKey);
      room.give(bytes);
    },
  };
};
