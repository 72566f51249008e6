import type { Column, Dataset } from "../../domain/datasets/dataset.ts";
import { assert } from "../../domain/errors.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { cropOf, statedScaling } from "../../domain/jobs/spec/preprocessing-spec.ts";
import type { FeatureTransform } from "../../domain/models/model.ts";
import type { FeatureFit } from "./feature-fit.ts";

/** Mean and deviation of each channel. The sums are of whole numbers, so they are exact up to 2⁵³ and no order changes them. */
const createChannelMoments = (channels: number) => {
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  let pixels = 0;
  return {
    add: (bytes: Uint8Array): void => {
      for (let i = 0, c = 0; i < bytes.length; i++) {
        const value = bytes[i]!;
        sums[c]! += value;
        squares[c]! += value * value;
        c = c + 1 === channels ? 0 : c + 1;
      }
      pixels += bytes.length / channels;
    },
    finish: (): { mean: number[]; scale: number[] } => {
      const count = Math.max(1, pixels);
      const mean = Array.from(sums, (sum) => sum / count);
      const scale = Array.from(squares, (sum, c) => Math.sqrt(Math.max(0, sum / count - mean[c]! * mean[c]!)) || 1);
      return { mean, scale };
    },
  };
};

/** An image's transform: the stated scaling, or that of the training images' own channels, which keeps the contrasts within each. */
export const createImageFit = (
  { name, image }: Column,
  index: number,
  { preprocessing }: ResolvedJobSpec,
  { images }: Dataset,
): FeatureFit => {
  assert(image !== undefined, `the size of the images of ${name} is known`);
  const stated = statedScaling(preprocessing?.images ?? "standardize", image.channels);
  const crop = cropOf(image, preprocessing);
  const moments = createChannelMoments(image.channels);
  return {
    add: (record) => {
      if (stated === null) moments.add(record.bytes.subarray(record.starts[index], record.ends[index]));
    },
    finish: (): FeatureTransform => {
      const scaling =
        stated === null
          ? moments.finish()
          : { mean: stated.mean.map((x) => 255 * x), scale: stated.deviation.map((x) => 255 * x) };
      const { height, width, channels } = image;
      const shorterSide = images?.shorterSide ?? Math.min(height, width);
      return {
        ...{ type: "image", column: name, height, width, channels, shorterSide },
        ...(crop === null ? {} : { crop }),
        ...scaling,
        ...(preprocessing?.channelOrder === "bgr" ? { channelOrder: "bgr" as const } : {}),
        missingIndicator: false,
      };
    },
  };
};
