import type { Column, ImageShape } from "../../domain/datasets/dataset.ts";
import { createCsvRecord } from "../../formats/csv/csv-record.ts";
import { imageTableHeader, imageTableRow, recordOfCells } from "../../formats/images/image-table.ts";
import { addCell, createColumnProfile, finishColumn } from "../columns/column-profile.ts";
import type { LabelledPicture } from "./read-pictures.ts";

/** The columns of a data set of images in a folder for each label. */
const names = ["label", "image"] as const;

export interface ImageTable {
  /** The bytes of the data set's file. */
  bytes: AsyncGenerator<Buffer, void, void>;
  /** What the whole of it holds, when all of its bytes have come. */
  profile: () => { rows: number; columns: Column[] };
}

/** Pictures to the file of a data set, whose columns are profiled on the way. */
export const createImageTable = (pictures: AsyncIterable<LabelledPicture>, image: ImageShape): ImageTable => {
  const labels = createColumnProfile("label", 0, names.length, "category", () => {});
  const record = createCsvRecord();
  let rows = 0;
  async function* bytes(): AsyncGenerator<Buffer, void, void> {
    yield imageTableHeader(names);
    for await (const { label, pixels } of pictures) {
      rows += 1;
      const text = Buffer.from(label);
      addCell(labels, recordOfCells(record, [text]));
      yield imageTableRow([text, pixels]);
    }
  }
  const profile = () => ({
    rows,
    columns: [
      finishColumn(labels, { rows, columns: names.length, decimal: "." }),
      { name: "image", type: "image" as const, missing: 0, distinct: null, image },
    ],
  });
  return { bytes: bytes(), profile };
};
