import { Buffer } from "node:buffer";
import { buffer } from "node:stream/consumers";
import { type FileMetaData, parquetRead, type RowGroup } from "hyparquet";
import { createTurnTaker } from "../../domain/turn-taker.ts";
import { quoteCell } from "../csv/csv-error.ts";
import { csvRecord } from "../csv/write-csv.ts";
import type { ReadBytes, TableBytes } from "../table-bytes.ts";
import { nanosText, noText } from "./cell-text.ts";
import { checkPages } from "./check-pages.ts";
import { compressors } from "./compressors.ts";
import { type FileColumn, fileColumns, groupOf, type TableColumn } from "./parquet-columns.ts";
import { asParquetError, parquetError, parquetFault } from "./parquet-error.ts";
import { type ReadRange, readFooter } from "./read-footer.ts";

/** Cells that are held at once, and rows of them at least and at most. */
const [cellsAtOnce, fewestRows, mostRows] = [4 * 1024 ** 2, 1024, 65_536];
/** Text that is handed on at once. */
const piece = 64 * 1024;

const createRangeReader =
  (read: ReadBytes): ReadRange =>
  async (start, end) => {
    const bytes = end > start ? await buffer(await read({ start, end })) : Buffer.alloc(0);
    if (bytes.length !== end - start) throw parquetError("it is cut off");
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  };

/** INT96 says nothing of what it is, so the decoder converts it whatever is asked. */
const parsers = { timestampFromNanoseconds: nanosText };

interface Span {
  start: number;
  end: number;
}

/** Some rows of one column of a row group, decoded. */
const readValues = async (
  metadata: FileMetaData,
  { name }: FileColumn,
  file: { byteLength: number; slice: ReadRange },
  { start, end }: Span,
): Promise<unknown[]> => {
  const values = new Array<unknown>(end - start).fill(null);
  let filled = 0;
  await parquetRead({
    ...{ file, metadata, columns: [name], rowStart: start, rowEnd: end, utf8: false },
    ...{ compressors, parsers, geoparquet: false },
    onChunk: ({ columnData, rowStart }) => {
      const first = Math.max(start, rowStart);
      const last = Math.min(end, rowStart + columnData.length);
      for (let row = first; row < last; row++) values[row - start] = columnData[row - rowStart];
      filled += Math.max(0, last - first);
    },
  });
  if (filled !== end - start) throw parquetFault(`it has ${filled} values where ${end - start} rows are`);
  return values;
};

/** Values to cells, each named where it cannot be written. */
const writeCells = (
  column: FileColumn,
  values: readonly unknown[],
  rowOf: (i: number) => number,
): (string | null)[][] =>
  column.columns.map(({ name, cell }) =>
    values.map((value, i) => {
      try {
        return cell(value);
      } catch (error) {
        throw asParquetError(error, `row ${rowOf(i) + 1}, column ${quoteCell(name)}`);
      }
    }),
  );

interface Source {
  metadata: FileMetaData;
  columns: readonly FileColumn[];
  read: ReadRange;
  bytes: number;
}

/** Which rows of which row group. */
interface Place {
  group: number;
  firstRow: number;
  span: Span;
}

/** Some rows of one column, its pages held against the limits first. */
const readColumn = async (
  { read, bytes, metadata }: Source,
  column: FileColumn,
  group: RowGroup,
  span: Span,
): Promise<unknown[]> => {
  const own = groupOf(metadata, group, column);
  const chunks = new Map<number, ArrayBuffer>();
  for (const { meta_data } of own.row_groups[0]?.columns ?? []) {
    const start = Number(meta_data?.dictionary_page_offset || meta_data?.data_page_offset);
    // Some writers count a few bytes too many.
    const end = Math.min(bytes - 8, start + Number(meta_data?.total_compressed_size));
    const chunk = await read(start, end);
    checkPages(chunk, Number(group.num_rows), column.flat);
    chunks.set(start, chunk);
  }
  const slice: ReadRange = async (start, end) => {
    const [first, chunk] =
      [...chunks].find(([first, { byteLength }]) => first <= start && end <= first + byteLength) ?? [];
    return first === undefined || chunk === undefined
      ? read(start, Math.min(bytes, end))
      : chunk.slice(start - first, end - first);
  };
  return readValues(own, column, { byteLength: bytes, slice }, span);
};

const placeText = (group: number, { name }: FileColumn): string => `row group ${group + 1}, column ${quoteCell(name)}`;

/** Some rows of a row group, column by column. */
const readSpan = async (source: Source, group: RowGroup, { span, ...place }: Place) => {
  const turn = createTurnTaker();
  const cells: (string | null)[][] = [];
  for (const column of source.columns) {
    try {
      const values = await readColumn(source, column, group, span);
      cells.push(...writeCells(column, values, (i) => place.firstRow + span.start + i));
    } catch (error) {
      throw asParquetError(error, placeText(place.group, column));
    }
    await turn();
  }
  return cells;
};

/** Row groups in pieces of so many rows. */
function* placesOf({ row_groups: groups }: FileMetaData, rowsAtOnce: number): Generator<Place & { of: RowGroup }> {
  let firstRow = 0;
  for (const [group, of] of groups.entries()) {
    const rows = Number(of.num_rows);
    for (let start = 0; start < rows; start += rowsAtOnce)
      yield { group, of, firstRow, span: { start, end: Math.min(rows, start + rowsAtOnce) } };
    firstRow += rows;
  }
}

const isWritable = ({ cell }: TableColumn, values: readonly unknown[]): boolean => {
  try {
    for (const value of values) cell(value);
    return true;
  } catch {
    return false;
  }
};

/**
 * Bytes of which the file does not say that they are texts are looked at before anything is written: a header cannot be taken back. Which columns can be written,
 * and the names of those that hold other bytes.
 */
const withoutBytes = async (source: Source, rowsAtOnce: number): Promise<{ columns: FileColumn[]; left: string[] }> => {
  const turn = createTurnTaker();
  const left: string[] = [];
  const columns: FileColumn[] = [];
  for (const column of source.columns) {
    let doubtful = column.columns.filter(({ isDoubtful }) => isDoubtful);
    const bad = new Set<TableColumn>();
    for (const { group, of, span } of placesOf(source.metadata, rowsAtOnce)) {
      if (doubtful.length === 0) break;
      try {
        const values = await readColumn(source, column, of, span);
        for (const own of doubtful) if (!isWritable(own, values)) bad.add(own);
      } catch (error) {
        throw asParquetError(error, placeText(group, column));
      }
      doubtful = doubtful.filter((own) => !bad.has(own));
      await turn();
    }
    left.push(...[...bad].map(({ name }) => name));
    const kept = column.columns.filter((own) => !bad.has(own));
    if (kept.length > 0) columns.push({ ...column, columns: kept });
  }
  return { columns, left };
};

const rowsFor = (columns: readonly FileColumn[], most: number): number => {
  const cells = columns.reduce((sum, { columns: own }) => sum + own.length, 0);
  return Math.min(most, Math.max(fewestRows, Math.floor(cellsAtOnce / cells)));
};

async function* toCsv(source: Source, most: number): AsyncGenerator<Buffer, void, void> {
  const { metadata, columns } = source;
  let text = csvRecord(columns.flatMap((column) => column.columns.map(({ name }) => name)));
  for (const { of, ...place } of placesOf(metadata, rowsFor(columns, most))) {
    const cells = await readSpan(source, of, place);
    for (let i = 0; i < place.span.end - place.span.start; i++) {
      text += csvRecord(cells.map((column) => column[i] ?? null));
      if (text.length < piece) continue;
      yield Buffer.from(text);
      text = "";
    }
  }
  if (text !== "") yield Buffer.from(text);
}

/**
 * A table in Parquet: structs become columns with dotted names, lists and maps texts in JSON, dates and times ISO 8601, decimals keep their digits. Some ten thousand rows
 * are held at a time, of one column after another. Bytes that are no text are left out.
 * Errors: `malformed` with row group, row and column.
 */
export const readParquet = async (readBytes: ReadBytes, bytes: number, rowsAtOnce = mostRows): Promise<TableBytes> => {
  const read = createRangeReader(readBytes);
  const metadata = await readFooter(read, bytes);
  let found: ReturnType<typeof fileColumns>;
  try {
    found = fileColumns(metadata);
  } catch (error) {
    throw asParquetError(error, "its schema is damaged");
  }
  const rows = rowsFor(found.columns, rowsAtOnce);
  const { columns, left } = await withoutBytes({ metadata, columns: found.columns, read, bytes }, rows);
  const leftOut = [...found.leftOut, ...left.map((name) => ({ name, reason: noText }))];
  if (columns.length === 0) throw parquetError("none of its columns can stand in a table");
  const texts = columns.flatMap((column) => column.columns.filter(({ isText }) => isText).map(({ name }) => name));
  return { csv: toCsv({ metadata, columns, read, bytes }, rowsAtOnce), texts: new Set(texts), leftOut };
};
