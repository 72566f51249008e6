import { assert } from "../../domain/errors.ts";
import type { AugmentSpec } from "../../domain/jobs/spec/parts/augment-spec.ts";
import type { Preprocessing } from "../../domain/models/model.ts";
import { seedWords } from "../../engine/kernels/philox.ts";
import { createAugment } from "./augment.ts";

/** Makes `out` of training images, named by their places in the split, as this epoch sees them. */
export type FeedImages = (rows: Int32Array, epoch: number, out: Float32Array) => void;

/**
 * A row's numbers depend on the seed, the epoch and the row alone: not on the batch it is in, on threads or on interruptions.
 * @param pixels the training split's stored images, one after another
 */
export const createFeed = (
  { features, inputs }: Preprocessing,
  { pixels, imageBytes, augment }: { pixels: Uint8Array; imageBytes: number; augment: AugmentSpec },
  { seed, purpose }: { seed: number; purpose: number },
): FeedImages => {
  const [transform] = features;
  assert(features.length === 1 && transform?.type === "image", "augmentation is of one image");
  const write = createAugment(transform, augment);
  const words = seedWords(seed);
  const total = pixels.length / imageBytes;
  return (rows, epoch, out) => {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const image = pixels.subarray(row * imageBytes, (row + 1) * imageBytes);
      write(image, { ...words, purpose, index: epoch * total + row }, out, i * inputs);
    }
  };
};
