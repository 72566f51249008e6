import { assert } from "../../domain/errors.ts";
import type { AugmentSpec } from "../../domain/jobs/spec/parts/augment-spec.ts";
import type { Preprocessing } from "../../domain/models/model.ts";
import { seedWords } from "../../engine/kernels/philox.ts";
import { createFeatureEncoder } from "../preprocessing/feature-encoder.ts";
import { createAugment } from "./augment.ts";

/** How training images are changed from epoch to epoch. */
export interface Augmentation {
  readonly augment: AugmentSpec;
  readonly seed: number;
  /** Of the random numbers. */
  readonly purpose: number;
  readonly trainRows: number;
}

/**
 * Writes the inputs of one stored image. Those of a training image as an epoch sees it depend on the seed, the epoch and the row (its place in
 * the split) alone: not on the batch it is in, on threads or on interruptions.
 */
export interface ImageWriter {
  plain(image: Uint8Array, out: Float32Array, at: number): void;
  ofEpoch(image: Uint8Array, epoch: number, row: number, out: Float32Array, at: number): void;
}

export const createImageWriter = ({ features }: Preprocessing, augmentation: Augmentation | null): ImageWriter => {
  const [transform] = features;
  assert(features.length === 1 && transform?.type === "image", "the only feature is an image");
  const encoder = createFeatureEncoder(transform);
  const plain: ImageWriter["plain"] = (image, out, at) => encoder.write(out, at, image);
  if (augmentation === null) return { plain, ofEpoch: (image, _epoch, _row, out, at) => plain(image, out, at) };
  const { augment, seed, purpose, trainRows } = augmentation;
  const write = createAugment(transform, augment);
  const words = seedWords(seed);
  const ofEpoch: ImageWriter["ofEpoch"] = (image, epoch, row, out, at) =>
    write(image, { ...words, purpose, index: epoch * trainRows + row }, out, at);
  return { plain, ofEpoch };
};

/** Makes `out` of training images, named by their places in the split, as this epoch sees them. */
export type FeedImages = (rows: Int32Array, epoch: number, out: Float32Array) => void;

/** @param pixels the training split's stored images, one after another */
export const createFeed = (
  preprocessing: Preprocessing,
  { pixels, imageBytes }: { pixels: Uint8Array; imageBytes: number },
  augmentation: Augmentation,
): FeedImages => {
  const { ofEpoch } = createImageWriter(preprocessing, augmentation);
  return (rows, epoch, out) => {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const image = pixels.subarray(row * imageBytes, (row + 1) * imageBytes);
      ofEpoch(image, epoch, row, out, i * preprocessing.inputs);
    }
  };
};
