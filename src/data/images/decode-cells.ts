import type { Row } from "../../domain/datasets/dataset.ts";
import { ServiceError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Preprocessing } from "../../domain/models/model.ts";
import type { DecodedImage, DecodeImage } from "../../formats/images/decode-image.ts";
import type { PixelsOf } from "../preprocessing/encode-rows.ts";

/** Base64 as it is, or behind the words of a data URL. */
export const fileOfText = (text: string): Buffer | null => {
  const base64 = text.replace(/^data:image\/[\w.+-]{1,50};base64,/, "");
  return /^[A-Za-z0-9+/_-]+={0,2}\s*$/.test(base64) ? Buffer.from(base64, "base64") : null;
};

/** Decodes the images of rows: what is wrong with one is told where it is encoded. Null: the model takes none. */
export const decodeCells = async (
  { features }: Preprocessing,
  rows: readonly Row[],
  decode: DecodeImage,
): Promise<PixelsOf | null> => {
  const images = features.filter((feature) => feature.type === "image");
  if (images.length === 0) return null;
  const decoded = new Map<string, DecodedImage>();
  let bytes = 0;
  for (const [i, row] of rows.entries()) {
    for (const transform of images) {
      const cell = Object.hasOwn(row, transform.column) ? row[transform.column] : undefined;
      if (typeof cell !== "string") continue;
      const file = fileOfText(cell);
      const image = file === null ? { problem: "it is not base64" } : await decode(file, transform);
      if ("pixels" in image) bytes += image.pixels.length;
      if (bytes > limits.predictInputs)
        throw new ServiceError("too_large", "too many pixels in one request; send fewer rows");
      decoded.set(`${i}/${transform.column}`, image);
    }
  }
  return (row, column) => decoded.get(`${row}/${column}`) ?? { problem: "it is missing" };
};
