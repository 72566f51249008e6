import { Buffer } from "node:buffer";
import { ServiceError } from "../../domain/errors.ts";
import { type ByteReader, createByteReader } from "../archives/byte-reader.ts";
import { type CsvRecord, createCsvRecord, growRecord } from "../csv/csv-record.ts";
import type { CsvHandlers, ScanStart } from "../csv/csv-scanner.ts";

/**
 * The file of a data set of images: after `descent-images-1\n` and a line of JSON, row after row. A row has for each column its length (uint32,
 * little-endian) and its bytes: a text in UTF-8, or the pixels of an image, 8 bits each, in H×W×C order.
 */
const magic = "descent-images-1\n";
const mostHeaderBytes = 1024 * 1024;
const mostCellBytes = 256 * 1024 * 1024;

export const imageTableHeader = (columns: readonly string[]): Buffer => {
  const names = Buffer.from(`${JSON.stringify({ columns })}\n`);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(names.length);
  return Buffer.concat([Buffer.from(magic), length, names]);
};

export const imageTableRow = (cells: readonly Uint8Array[]): Buffer => {
  const row = Buffer.allocUnsafe(cells.reduce((sum, { length }) => sum + 4 + length, 0));
  let at = 0;
  for (const cell of cells) {
    row.writeUInt32LE(cell.length, at);
    row.set(cell, at + 4);
    at += 4 + cell.length;
  }
  return row;
};

const damaged = (): ServiceError =>
  new ServiceError("unprocessable", "the stored file is not the one that the data set describes; upload it again");

const requireBytes = (bytes: Buffer | null | undefined): Buffer => {
  if (!bytes) throw damaged();
  return bytes;
};

const readHeader = async (take: (bytes: number) => Promise<Buffer>): Promise<string[]> => {
  if ((await take(magic.length)).toString("latin1") !== magic) throw damaged();
  const length = (await take(4)).readUInt32LE();
  if (length > mostHeaderBytes) throw damaged();
  const { columns }: { columns: string[] } = JSON.parse((await take(length)).toString("utf8"));
  return columns;
};

/** A record over these cells, as if they had been read from a table: valid until the next. */
export const recordOfCells = (record: CsvRecord, cells: readonly Uint8Array[]): CsvRecord => {
  while (record.starts.length < cells.length) growRecord(record);
  let at = 0;
  for (const [i, cell] of cells.entries()) {
    record.starts[i] = at;
    at += cell.length;
    record.ends[i] = at;
  }
  record.bytes = Buffer.concat(cells);
  record.cells = cells.length;
  record.ascii = false;
  return record;
};

/** Reads a file of images row by row, as a CSV file is read: the cells of images are their pixels. One row is held at a time. */
export const scanImageTable = async (
  stream: AsyncIterable<Uint8Array>,
  handlers: CsvHandlers,
  from?: ScanStart,
): Promise<void> => {
  const reader = createByteReader(stream);
  try {
    await scanRows(reader, handlers, from);
  } finally {
    await reader.close();
  }
};

const scanRows = async (reader: ByteReader, handlers: CsvHandlers, from: ScanStart | undefined): Promise<void> => {
  let offset = from?.offset ?? 0;
  const take = async (bytes: number): Promise<Buffer> => {
    offset += bytes;
    return requireBytes(await reader.take(bytes));
  };
  const columns = from?.names ?? (await readHeader(take));
  if (from === undefined) handlers.header(columns);
  const record = createCsvRecord();
  for (let row = 1; ; row++) {
    const first = await reader.take(4);
    if (first === null) return;
    record.offset = offset;
    offset += 4;
    const cells: Buffer[] = [];
    for (let i = 0; i < columns.length; i++) {
      const length = (i === 0 ? requireBytes(first) : await take(4)).readUInt32LE();
      if (length > mostCellBytes) throw damaged();
      cells.push(length === 0 ? Buffer.alloc(0) : await take(length));
    }
    recordOfCells(record, cells).line = row;
    if (!handlers.record(record)) return;
  }
};
