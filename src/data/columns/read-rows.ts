import { Buffer } from "node:buffer";
import type { Cell, Column, Dataset, ImageShape, Row } from "../../domain/datasets/dataset.ts";
import { assert } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { type CsvRecord, cellText } from "../../formats/csv/csv-record.ts";
import type { CsvHandlers } from "../../formats/csv/csv-scanner.ts";
import { encodePng, type ImageSize, resizePixels } from "../../formats/images/decode-image.ts";
import { cellNumber, isEmptyCell, notANumber } from "./number-cell.ts";
import { type StoredForm, scanRows } from "./scan-rows.ts";
import { cellDate } from "./time-cell.ts";

const readCell = (record: CsvRecord, i: number, { type }: Column): Cell | Buffer => {
  if (type === "image") return Buffer.from(record.bytes.subarray(record.starts[i], record.ends[i]));
  if (isEmptyCell(record, i)) return null;
  if (type === "datetime") return cellDate(record, i);
  if (type !== "number") return cellText(record, i);
  const value = cellNumber(record, i);
  if (value === notANumber) return cellText(record, i);
  return Number.isNaN(value) ? null : value;
};

/** Quotes, colon and comma of a cell in JSON. */
const bytesPerCell = 6;

type RawRow = (Cell | Buffer)[];

/** The size of an image that is shown no larger than `most` on a side. */
const shownSize = (image: ImageShape, most: number | undefined): ImageSize => {
  const scale = Math.min(1, (most ?? Number.POSITIVE_INFINITY) / Math.max(image.height, image.width));
  const side = (length: number): number => Math.max(1, Math.round(length * scale));
  const [height, width] = [side(image.height), side(image.width)];
  return { height, width, channels: image.channels, shorterSide: Math.min(height, width) };
};

/** Pixels as a PNG file, without loss where they are not made smaller. */
export const showImage = async (pixels: Uint8Array, image: ImageShape, most?: number): Promise<Buffer> => {
  const size = shownSize(image, most);
  if (size.height === image.height && size.width === image.width) return encodePng(pixels, image);
  const shown = await resizePixels(pixels, image, size);
  assert("pixels" in shown, "an image of a data set has room for a smaller one");
  return encodePng(shown.pixels, size);
};

/** An image as a prediction takes it: a file in base64. */
const showCell = async (cell: Cell | Buffer, { image }: Column, imageSide: number | undefined): Promise<Cell> =>
  cell instanceof Buffer && image !== undefined
    ? (await showImage(cell, image, imageSide)).toString("base64")
    : (cell as Cell);

const showRow = async (cells: RawRow, columns: readonly Column[], imageSide: number | undefined): Promise<Row> => {
  const shown: [string, Cell][] = [];
  for (const [i, column] of columns.entries())
    shown.push([column.name, await showCell(cells[i] ?? null, column, imageSide)]);
  // fromEntries makes own properties even of names such as __proto__.
  return Object.fromEntries(shown);
};

/** About so many bytes of an answer are left out as its images are shown smaller. */
const savedBytes = (columns: readonly Column[], imageSide: number | undefined): number =>
  columns.reduce((bytes, { image }) => {
    if (image === undefined) return bytes;
    const { height, width } = shownSize(image, imageSide);
    return bytes + (image.height * image.width - height * width) * image.channels;
  }, 0);

export interface RowPage {
  rows: Row[];
  /** Offset in the file of the row after them; null after the last one. */
  next: number | null;
}

/**
 * Rows of a file as a prediction takes them: numbers, texts, images as PNG in base64, and null for missing cells; as many of them as a preview has room for. Reads
 * no more than it needs.
 * @param page.from where the stream begins, if not with the file
 * @param page.imageSide what images are made smaller to
 */
export const readRows = async (
  stream: AsyncIterable<Uint8Array>,
  { limit, from, imageSide }: { limit: number; from?: number | undefined; imageSide?: number | undefined },
  dataset: Pick<Dataset, "columns"> & StoredForm,
): Promise<RowPage> => {
  const rows: RawRow[] = [];
  const { columns } = dataset;
  const bytesOfNames = columns.reduce((bytes, { name }) => bytes + Buffer.byteLength(name) + bytesPerCell, 0);
  const saved = savedBytes(columns, imageSide);
  let next: number | null = null;
  let [readBytes, shownBytes] = [0, 0];
  const handlers: CsvHandlers = {
    header: () => {},
    record: (record) => {
      const bytes = (record.ends[record.cells - 1] ?? 0) - (record.starts[0] ?? 0);
      readBytes += bytes;
      shownBytes += bytesOfNames + bytes - saved;
      const isFull = shownBytes > limits.previewBytes || readBytes > limits.previewReadBytes;
      if (rows.length >= limit || (isFull && rows.length > 0)) {
        next = record.offset;
        return false;
      }
      rows.push(columns.map((column, i) => readCell(record, i, column)));
      return true;
    },
  };
  const start = from === undefined ? undefined : { names: columns.map(({ name }) => name), offset: from };
  await scanRows(stream, handlers, dataset, start);
  const shown: Row[] = [];
  for (const cells of rows) shown.push(await showRow(cells, columns, imageSide));
  return { rows: shown, next };
};
