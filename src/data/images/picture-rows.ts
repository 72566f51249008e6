import { Buffer } from "node:buffer";
import type { ColumnNote, ColumnType, DatasetNote, ImageShape, ImageSource } from "../../domain/datasets/dataset.ts";
import { ServiceError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { quotedPath } from "../../formats/archives/archive-file.ts";

/** A row of a data set of images: its cells, those of the image's column left out, and the picture's pixels. */
export interface PictureRow {
  readonly cells: readonly Buffer[];
  readonly pixels: Uint8Array;
  /** Of the table that it comes from; 0 if it comes from none. */
  readonly line: number;
}

export interface PictureColumn {
  readonly name: string;
  readonly type: Exclude<ColumnType, "image">;
  /** What is odd about it, as it stood in the table. */
  readonly notes?: readonly ColumnNote[];
}

/** What an archive holds: rows as they are read, once, and what was left out when all have come. */
export interface PictureSource {
  readonly columns: readonly PictureColumn[];
  readonly image: ImageShape;
  readonly rows: AsyncIterable<PictureRow>;
  readonly source: () => ImageSource;
  readonly notes?: readonly DatasetNote[];
}

/** What becomes of the upload when a file of it is no image that can be read. */
export type OnBroken = "skip" | "refuse";

/** Counts what is left out, and lists the first of it with its path; with `refuse` it is `unprocessable`. */
export const createBroken = (onBroken: OnBroken) => {
  const listed: ImageSource["listed"] = [];
  let broken = 0;
  return {
    add: (path: string, reason: string): void => {
      if (onBroken === "refuse") {
        const detail = `${quotedPath(path)}: ${reason}; correct the file, or leave such files out with ?onBroken=skip`;
        throw new ServiceError("unprocessable", detail);
      }
      broken += 1;
      if (listed.length < limits.brokenImages) listed.push({ path: path.slice(0, 300), reason });
    },
    result: () => ({ broken, listed }),
  };
};

export type Broken = ReturnType<typeof createBroken>;

/** The bytes of a cell in the data set's file. */
export const cellOf = (text: string): Buffer => Buffer.from(text);
