import type { ArchiveFile, ReadArchive } from "../../formats/archives/archive-file.ts";
import { badArchive } from "../../formats/archives/archive-file.ts";
import { createByteReader } from "../../formats/archives/byte-reader.ts";
import type { DecodeImage, ImageSize } from "../../formats/images/decode-image.ts";
import { createBroken, type OnBroken, type PictureRow, type PictureSource, quotedPath } from "./picture-rows.ts";
import type { PictureTable } from "./picture-table.ts";
import { type Picture, readPictures } from "./read-pictures.ts";

/** Keeps bytes for as long as the upload lasts, to be read in another order. */
export type KeepAside = (bytes: AsyncIterable<Uint8Array>) => Promise<ReadArchive>;

type Pictures = AsyncIterable<Picture<number>>;

/**
 * Pictures in the order of their rows: their pixels are set aside as they come, and read again, those that lie together in one go.
 */
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
  const kept = [...slots.keys()].filter((row) => slots[row]! >= 0);
  for (let at = 0; at < kept.length; ) {
    const first = slots[kept[at]!]!;
    let run = 1;
    while (at + run < kept.length && slots[kept[at + run]!] === first + run) run += 1;
    const reader = createByteReader(await read({ start: first * imageBytes, end: (first + run) * imageBytes }));
    try {
      for (const row of kept.slice(at, at + run)) {
        const pixels = await reader.take(imageBytes);
        if (!pixels) throw badArchive("its pixels could not be read again; upload it again");
        yield { place: row, pixels };
      }
    } finally {
      await reader.close();
    }
    at += run;
  }
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
