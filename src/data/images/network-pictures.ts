import { ServiceError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { ImagePreprocessing } from "../../domain/models/image-preprocessing.ts";
import { pictureOf } from "../../domain/models/image-presets.ts";
import type { ImportedModel } from "../../domain/models/imported-model.ts";
import type { NestedNumbers } from "../../domain/models/predictions/prediction.ts";
import type { DecodeImage } from "../../formats/images/decode-image.ts";
import type { PictureOf } from "../preprocessing/encode-tensors.ts";
import { fileOfText } from "./decode-cells.ts";

/** (scale·pixel − mean)/deviation of each channel, in the network's order of them. */
const scaled = (pixels: Uint8Array, { scale, mean, deviation, channelOrder }: ImagePreprocessing): Float32Array => {
  const channels = mean.length;
  const last = channelOrder === "bgr" ? channels - 1 : 0;
  return Float32Array.from(pixels, (own, i) => {
    const c = i % channels;
    const pixel = last === 0 ? own : pixels[i - c + last - c]!;
    return (scale * pixel - mean[c]!) / deviation[c]!;
  });
};

const unknownPreprocessing =
  "is a text, and what pictures become before this network sees them is not known; state it (PATCH /v1/models/{id} with preprocessing: imagenet, unit, minus_one_to_one, or numbers), or send its tensor";

/**
 * Decodes the pictures, files in base64, that rows of a network from a file have in place of tensors, and prepares each as the model says: scaled, its centre cut
 * out, its channels scaled. What is wrong with one is told where it is encoded.
 */
export const decodeNetworkPictures = async (
  { image, inputs }: Pick<ImportedModel, "image" | "inputs">,
  rows: readonly Record<string, NestedNumbers | string>[],
  decode: DecodeImage,
): Promise<PictureOf> => {
  const [port] = inputs;
  const picture = port === undefined ? null : pictureOf(port);
  const decoded = new Map<number, ReturnType<PictureOf>>();
  let numbers = 0;
  for (const [i, row] of rows.entries()) {
    const cell = port !== undefined && Object.hasOwn(row, port.name) ? row[port.name] : undefined;
    if (typeof cell !== "string" || image === null || picture === null) continue;
    const file = fileOfText(cell);
    if (file === null) {
      decoded.set(i, { problem: "is neither a tensor nor a picture in base64" });
      continue;
    }
    const { shorterSide, fit } = image;
    const stretch = fit === "stretch" ? { stretch: true as const } : {};
    const read = await decode(file, { ...picture, shorterSide, likeTorchvision: true, ...stretch });
    if ("problem" in read) decoded.set(i, { problem: `is no picture that can be read: ${read.problem}` });
    else {
      numbers += read.pixels.length;
      if (numbers > limits.predictInputs)
        throw new ServiceError("too_large", "too many pixels in one request; send fewer rows");
      decoded.set(i, { values: scaled(read.pixels, image) });
    }
  }
  return (row, input) => {
    if (input !== port?.name || picture === null) return { problem: "must be a tensor of numbers, no text" };
    return decoded.get(row) ?? { problem: unknownPreprocessing };
  };
};
