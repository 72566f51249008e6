import { limits } from "../../domain/limits.ts";
import type { ArchiveFile } from "../../formats/archives/archive-file.ts";
import type { DecodeImage, ImageSize } from "../../formats/images/decode-image.ts";
import { cellOf, createBroken, type OnBroken, type PictureRow, type PictureSource } from "./picture-rows.ts";
import { readPictures } from "./read-pictures.ts";

/** The name of the folder that holds the file. */
const labelOf = (path: string): { place: string } | { problem: string } => {
  const label = path.split("/").at(-2);
  if (label === undefined) return { problem: "it lies in no folder, whose name would be its label" };
  if (label.length > limits.nameLength)
    return { problem: `its folder's name has more than ${limits.nameLength} characters` };
  return { place: label };
};

/** An archive with a folder for each label: its pictures, in its order. */
export const labelledFolders = (
  files: AsyncIterable<ArchiveFile>,
  decode: DecodeImage,
  { size, onBroken }: { size: ImageSize; onBroken: OnBroken },
): PictureSource => {
  const broken = createBroken(onBroken);
  async function* rows(): AsyncGenerator<PictureRow, void, void> {
    const needed = "a folder of images for each label, or a CSV file with their paths";
    for await (const { place, pixels } of readPictures(files, decode, { size, broken, placeOf: labelOf, needed }))
      yield { cells: [cellOf(place)], pixels, line: 0 };
  }
  const { height, width, channels, shorterSide } = size;
  return {
    columns: [{ name: "label", type: "category" }],
    image: { height, width, channels },
    rows: rows(),
    source: () => ({ shorterSide, ...broken.result() }),
  };
};
