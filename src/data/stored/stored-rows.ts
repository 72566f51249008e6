import { Buffer } from "node:buffer";
import type { Cell, ColumnType, Dataset, Row } from "../../domain/datasets/dataset.ts";
import { type FieldError, firstOfFaults, ServiceError } from "../../domain/errors.ts";
import type { Preprocessing } from "../../domain/models/model.ts";
import { fromPointer } from "../../domain/pointer.ts";
import { quoteCell } from "../../formats/csv/csv-error.ts";
import { type CsvRecord, cellText } from "../../formats/csv/csv-record.ts";
import { cellNumber, isEmptyCell, notANumber } from "../columns/number-cell.ts";
import { cellDate } from "../columns/time-cell.ts";
import { type EncodedRows, encodeRows } from "../preprocessing/encode-rows.ts";

/** What keeps a model from answering for the rows of a data set: a column that is missing or of another kind, by name. */
export const unfitColumns = ({ features, offset }: Preprocessing, dataset: Dataset): FieldError[] => {
  const columns = new Map(dataset.columns.map((column) => [column.name, column]));
  const exposure = offset === undefined ? undefined : columns.get(offset.column);
  const ofExposure =
    offset === undefined || (exposure?.type === "number" && exposure.missing === 0)
      ? []
      : [
          `each row needs a number in ${quoteCell(offset.column)}, the ${offset.key} of the model's counts; ${exposure === undefined ? "add the column" : "fill its cells"}`,
        ];
  const faults = features.flatMap((transform): string[] => {
    const name = quoteCell(transform.column);
    const column = columns.get(transform.column);
    if (column === undefined) return [`the data set has no column ${name}, which the model needs; add it`];
    const isImage = transform.type === "image";
    if (isImage !== (column.type === "image")) {
      return [
        `${name} is ${isImage ? "an image" : `a ${transform.type}`} to the model and ${column.type === "image" ? "an image" : `a ${column.type}`} in the data set`,
      ];
    }
    if (transform.type === "image") {
      const { height, width, channels } = transform;
      const same =
        column.image?.height === height && column.image.width === width && column.image.channels === channels;
      return same
        ? []
        : [`the model takes images of ${height} × ${width} × ${channels} in ${name}; upload the pictures in that size`];
    }
    if (transform.type === "number" && column.type !== "number")
      return [`${name} is a number to the model and text in the data set; correct the column's cells`];
    if (transform.type === "datetime" && column.type !== "datetime" && column.type !== "number")
      return [
        `${name} is a date to the model and text in the data set; correct its cells, or change its type to "datetime" with PATCH /v1/datasets/${dataset.id}`,
      ];
    return [];
  });
  return [...faults, ...ofExposure].map((detail) => ({ pointer: "/dataset", detail }));
};

/** A row of the file, the line that it begins on, and the pixels of its images beside it: they are copied, as the record is used again. */
export interface StoredRow {
  row: Row;
  line: number;
  pixels: ReadonlyMap<string, Uint8Array>;
}

/** Reads the model's columns of a record, each as training read it. */
export const createRowReader = (
  { features, offset }: Preprocessing,
  dataset: Dataset,
): ((record: CsvRecord) => StoredRow) => {
  const places = new Map(dataset.columns.map(({ name }, i) => [name, i]));
  const own = offset === undefined ? [] : [{ column: offset.column, type: "number" as const }];
  const wanted = [...features, ...own].map(({ column, type }) => ({ column, type, place: places.get(column)! }));
  const cellOf = (record: CsvRecord, place: number, type: Exclude<ColumnType, "image">): Cell => {
    if (isEmptyCell(record, place)) return null;
    if (type === "category" || type === "text") return cellText(record, place);
    if (type === "datetime") return cellDate(record, place);
    const value = cellNumber(record, place);
    if (value === notANumber) return cellText(record, place);
    return Number.isNaN(value) ? null : value;
  };
  return (record) => {
    const pixels = new Map<string, Uint8Array>();
    const cells = wanted.map(({ column, type, place }): [string, Cell] => {
      if (type !== "image") return [column, cellOf(record, place, type)];
      pixels.set(column, Buffer.from(record.bytes.subarray(record.starts[place], record.ends[place])));
      return [column, ""];
    });
    return { row: Object.fromEntries(cells), line: record.line, pixels };
  };
};

/** Nobody has sent rows: what is wrong with one is a fault of the data set, at its line. */
const inDataset = (error: unknown, rows: readonly StoredRow[]): unknown => {
  if (!(error instanceof ServiceError)) return error;
  const errors = error.errors.map(({ pointer, detail }) => {
    const [, row, column] = /^\/rows\/(\d+)(?:\/(.*))?$/.exec(pointer) ?? [];
    if (row === undefined) return { pointer, detail };
    const where = column === undefined ? "" : `, column ${JSON.stringify(fromPointer(`/${column}`)?.[0] ?? column)}`;
    return { pointer: "/dataset", detail: `line ${rows[Number(row)]!.line} of the file${where}: ${detail}` };
  });
  if (errors.length === 0) return error;
  return new ServiceError(error.code, firstOfFaults(errors), { errors, cause: error });
};

/** Runs `work` on rows of a file. Errors that it has of one of them, `/rows/3`, name its line. */
export const ofStoredRows = <T>(rows: readonly StoredRow[], work: () => T): T => {
  try {
    return work();
  } catch (error) {
    throw inDataset(error, rows);
  }
};

/** As `encodeRows`, of rows that were read from a data set. */
export const encodeStoredRows = (preprocessing: Preprocessing, rows: readonly StoredRow[]): EncodedRows =>
  encodeRows(
    preprocessing,
    rows.map(({ row }) => row),
    { pixelsOf: (row, column) => ({ pixels: rows[row]!.pixels.get(column)! }) },
  );
