import type { Buffer } from "node:buffer";
import { buffer } from "node:stream/consumers";
import type { ArchiveFile, ReadArchive } from "../../formats/archives/archive-file.ts";
import { quotedPath } from "../../formats/archives/archive-file.ts";
import type { DecodeImage, ImageSize } from "../../formats/images/decode-image.ts";
import { createBroken, type OnBroken, type PictureRow, type PictureSource } from "./picture-rows.ts";
import type { PictureTable } from "./picture-table.ts";
import { type Picture, readPictures } from "./read-pictures.ts";

/** Keeps bytes for as long as the upload lasts, to be read in another order. */
export type KeepAside = (bytes: AsyncIterable<Uint8Array>) => Promise<ReadArchive>;

type Pictures = AsyncIterable<Picture<number>>;

/** What is read at once, and how much of it is kept for pictures that lie near. */
const blockBytes = 256 * 1024;
const keptBytes = 8 * 1024 * 1024;

/** Pixels of pictures by their places among those set aside. */
const createPixelReader = (read: ReadArchive, { count, imageBytes }: { count: number; imageBytes: number }) => {
  const perBlock = Math.max(1, Math.floor(blockBytes / imageBytes));
  const most = Math.max(1, Math.floor(keptBytes / (perBlock * imageBytes)));
  // The first key is the block used longest ago.
  const blocks = new Map<number, Buffer>();
  const blockOf = async (number: number): Promise<Buffer> => {
    const known = blocks.get(number);
    if (known !== undefined) {
      blocks.delete(number);
      blocks.set(number, known);
      return known;
    }
    const first = number * perBlock;
    const end = Math.min(count, first + perBlock);
    const block = await buffer(await read({ start: first * imageBytes, end: end * imageBytes }));
    blocks.set(number, block);
    const [oldest] = blocks.keys();
    if (blocks.size > most) blocks.delete(oldest!);
    return block;
  };
  return async (slot: number): Promise<Buffer> => {
    const at = (slot % perBlock) * imageBytes;
    return (await blockOf(Math.floor(slot / perBlock))).subarray(at, at + imageBytes);
  };
};

/** Pictures in the order of their rows: their pixels are set aside as they come, and read again in that order. */
async function* inOrder(
  pictures: Pictures,
  { rows, imageBytes, keepAside }: { rows: number; imageBytes: number; keepAside: KeepAside },
): AsyncGenerator<Picture<number>, void, void> {
  const slots = new Int32Array(rows).fill(-1);
  let count = 0;
  async function* pixelsOf(): AsyncGenerator<Uint8Array, void, void> {
    for await (const { place, pixels } of pictures) {
      slots[place] = count++;
      yield pixels;
    }
  }
  const read = await keepAside(pixelsOf());
  const pixelsAt = createPixelReader(read, { count, imageBytes });
  for (let row = 0; row < rows; row++) if (slots[row]! >= 0) yield { place: row, pixels: await pixelsAt(slots[row]!) };
}

/** Whether the archive has the pictures in the order of the table's rows. */
const isInOrder = (paths: Iterable<string>, table: PictureTable): boolean => {
  let last = -1;
  for (const path of paths) {
    const row = table.rowOf(path);
    if (row === undefined) continue;
    if (row < last) return false;
    last = row;
  }
  return true;
};

/** An archive with a table of its pictures: a row for each of the table's lines whose picture can be read, in the table's order. */
export const tabledPictures = (
  files: AsyncIterable<ArchiveFile>,
  decode: DecodeImage,
  table: PictureTable,
  options: { size: ImageSize; onBroken: OnBroken; paths: Iterable<string>; keepAside: KeepAside },
): PictureSource => {
  const { size, onBroken, paths, keepAside } = options;
  const { height, width, channels, shorterSide } = size;
  const broken = createBroken(onBroken);
  const placeOf = (path: string) => {
    const row = table.rowOf(path);
    return row === undefined ? { problem: `no line of ${quotedPath(table.path)} names it` } : { place: row };
  };
  async function* rows(): AsyncGenerator<PictureRow, void, void> {
    const needed = "a CSV file with their paths";
    const read = readPictures(files, decode, { size, broken, placeOf, needed });
    const order = { rows: table.rows, imageBytes: height * width * channels, keepAside };
    for await (const { place, pixels } of isInOrder(paths, table) ? read : inOrder(read, order))
      yield { cells: table.cellsOf(place), pixels, line: table.lineOf(place) };
  }
  return {
    columns: table.columns,
    image: { height, width, channels },
    rows: rows(),
    source: () => ({ shorterSide, ...broken.result() }),
    notes: table.notes,
  };
};
