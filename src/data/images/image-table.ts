import { Buffer } from "node:buffer";
import type { Column } from "../../domain/datasets/dataset.ts";
import { limits } from "../../domain/limits.ts";
import { createCsvRecord } from "../../formats/csv/csv-record.ts";
import { imageTableHeader, imageTableRow, recordOfCells } from "../../formats/images/image-table.ts";
import { addCell, createColumnProfile, finishColumn } from "../columns/column-profile.ts";
import { fitValues, keepRoom } from "../columns/value-room.ts";
import type { PictureSource } from "./picture-rows.ts";

/** The column of the pictures, which comes last. */
export const imageColumn = "image";

const pieceBytes = 64 * 1024;

export interface ImageTable {
  /** The bytes of the data set's file. */
  bytes: AsyncGenerator<Buffer, void, void>;
  /** What the whole of it holds, when all of its bytes have come. */
  profile: () => { rows: number; columns: Column[] };
  /** Where in the file each row begins, when all of its bytes have come. */
  starts: () => readonly number[];
}

/** Pictures to the file of a data set, whose columns are profiled on the way. */
export const createImageTable = ({
  columns,
  image,
  rows,
}: Pick<PictureSource, "columns" | "image" | "rows">): ImageTable => {
  const names = [...columns.map(({ name }) => name), imageColumn];
  let countedBytes = 0;
  const charge = (bytes: number): void => {
    countedBytes += bytes;
  };
  const profiles = columns.map(({ name, type }, i) => createColumnProfile(name, i, names.length, type, charge));
  const record = createCsvRecord();
  const starts: number[] = [];
  /** Many small rows are one piece: each costs a turn of everything that it passes through. */
  async function* bytes(): AsyncGenerator<Buffer, void, void> {
    const header = imageTableHeader(names);
    let at = header.length;
    let pieces = [header];
    let piecesBytes = header.length;
    for await (const { cells, pixels, line } of rows) {
      recordOfCells(record, cells).line = line;
      for (const profile of profiles) addCell(profile, record);
      if (countedBytes > limits.countedValueBytes) keepRoom(profiles);
      const row = imageTableRow([...cells, pixels]);
      starts.push(at);
      at += row.length;
      pieces.push(row);
      piecesBytes += row.length;
      if (piecesBytes < pieceBytes) continue;
      yield Buffer.concat(pieces);
      pieces = [];
      piecesBytes = 0;
    }
    if (piecesBytes > 0) yield Buffer.concat(pieces);
  }
  const profile = () => {
    const file = { rows: starts.length, columns: names.length, decimal: "." as const };
    const finished = profiles.map((column, i): Column => {
      const { notes: found, ...described } = finishColumn(column, file);
      const notes = columns[i]!.notes ?? found ?? [];
      return notes.length === 0 ? described : { ...described, notes: [...notes] };
    });
    const pictures: Column = { name: imageColumn, type: "image", missing: 0, distinct: null, image };
    return { rows: starts.length, columns: [...fitValues(finished), pictures] };
  };
  return { bytes: bytes(), profile, starts: () => starts };
};
