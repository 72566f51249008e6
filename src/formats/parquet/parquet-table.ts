import { Buffer } from "node:buffer";
import { buffer } from "node:stream/consumers";
import { type FileMetaData, parquetRead, type RowGroup } from "hyparquet";
import { createTurnTaker } from "../../domain/turn-taker.ts";
import { quoteCell } from "../csv/csv-error.ts";
import { csvRecord } from "../csv/write-csv.ts";
import type { ReadBytes, TableBytes } from "../table-bytes.ts";
import { nanosText } from "./cell-text.ts";
import { checkPages } from "./check-pages.ts";
import { compressors } from "./compressors.ts";
import { type FileColumn, fileColumns, groupOf } from "./parquet-columns.ts";
import { asParquetError, parquetError } from "./parquet-error.ts";
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
  if (filled !== end - start) throw new Error(`it has ${filled} values where ${end - start} rows are`);
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

/** Some rows of a row group, column by column. */
const readSpan = async (
  { columns, read, bytes, metadata }: Source,
  group: RowGroup,
  span: Span,
  place: { group: number; firstRow: number },
) => {
  const turn = createTurnTaker();
  const cells: (string | null)[][] = [];
  const rows = Number(group.num_rows);
  for (const column of columns) {
    const own = groupOf(metadata, group, column);
    const where = `row group ${place.group + 1}, column ${quoteCell(column.name)}`;
    try {
      const chunks = new Map<number, ArrayBuffer>();
      for (const { meta_data } of own.row_groups[0]?.columns ?? []) {
        const start = Number(meta_data?.dictionary_page_offset || meta_data?.data_page_offset);
        // Some writers count a few bytes too many.
        const end = Math.min(bytes - 8, start + Number(meta_data?.total_compressed_size));
        const chunk = await read(start, end);
        checkPages(chunk, rows, column.flat);
        chunks.set(start, chunk);
      }
      const slice: ReadRange = async (start, end) => {
        const [first, chunk] =
          [...chunks].find(([first, { byteLength }]) => first <= start && end <= first + byteLength) ?? [];
        return first === undefined || chunk === undefined
          ? read(start, Math.min(bytes, end))
          : chunk.slice(start - first, end - first);
      };
      const values = await readValues(own, column, { byteLength: bytes, slice }, span);
      cells.push(...writeCells(column, values, (i) => place.firstRow + span.start + i));
    } catch (error) {
      throw asParquetError(error, where);
    }
    await turn();
  }
  return cells;
};

async function* toCsv(source: Source, most: number): AsyncGenerator<Buffer, void, void> {
  const { metadata, columns } = source;
  const names = columns.flatMap((column) => column.columns.map(({ name }) => name));
  const rowsAtOnce = Math.min(most, Math.max(fewestRows, Math.floor(cellsAtOnce / names.length)));
  let text = csvRecord(names);
  let firstRow = 0;
  for (const [g, group] of metadata.row_groups.entries()) {
    const rows = Number(group.num_rows);
    for (let start = 0; start < rows; start += rowsAtOnce) {
      const span = { start, end: Math.min(rows, start + rowsAtOnce) };
      const cells = await readSpan(source, group, span, { group: g, firstRow });
      for (let i = 0; i < span.end - span.start; i++) {
        text += csvRecord(cells.map((column) => column[i] ?? null));
        if (text.length < piece) continue;
        yield Buffer.from(text);
        text = "";
      }
    }
    firstRow += rows;
  }
  if (text !== "") yield Buffer.from(text);
}

/**
 * A table in Parquet: structs become columns with dotted names, lists and maps texts in JSON, dates and times ISO 8601, decimals keep their digits. Some ten thousand rows
 * are held at a time, of one column after another.
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
  const { columns, leftOut } = found;
  if (columns.length === 0) throw parquetError("none of its columns can stand in a table");
  const texts = columns.flatMap((column) => column.columns.filter(({ isText }) => isText).map(({ name }) => name));
  return { csv: toCsv({ metadata, columns, read, bytes }, rowsAtOnce), texts: new Set(texts), leftOut };
};
