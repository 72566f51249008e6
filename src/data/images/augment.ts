import type { AugmentSpec } from "../../domain/jobs/spec/parts/augment-spec.ts";
import type { FeatureTransform } from "../../domain/models/model.ts";
import { cosTurns64, exp64, log64, sinTurns64 } from "../../engine/kernels/math64.ts";
import { createRandomStream, type RandomKey } from "../../engine/kernels/philox.ts";
import { channelShifts } from "../preprocessing/data-shape.ts";

type ImageTransform = Extract<FeatureTransform, { type: "image" }>;

/** A rectangle of the stored image, in its pixels. */
interface Region {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** What of the stored image is seen without augmentation. */
const plainRegion = ({ height, width, crop }: ImageTransform): Region => {
  if (crop === undefined) return { top: 0, left: 0, height, width };
  const scale = Math.min(height, width) / crop.shorterSide;
  const [seenHeight, seenWidth] = [crop.height * scale, crop.width * scale];
  return { top: (height - seenHeight) / 2, left: (width - seenWidth) / 2, height: seenHeight, width: seenWidth };
};

type Uniform = () => number;
const between = (uniform: Uniform, low: number, high: number): number => low + (high - low) * uniform();

/** A part of the image, of random area and proportions; ten tries, then the plain region, as torchvision has it. */
const randomRegion = (
  { height, width }: ImageTransform,
  { scale, ratio }: NonNullable<AugmentSpec["randomResizedCrop"]>,
  plain: Region,
  uniform: Uniform,
): Region => {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * between(uniform, scale[0], scale[1]);
    const proportion = exp64(between(uniform, log64(ratio[0]), log64(ratio[1])));
    const [ownWidth, ownHeight] = [Math.sqrt(area * proportion), Math.sqrt(area / proportion)];
    if (ownWidth > width || ownHeight > height) continue;
    const top = uniform() * (height - ownHeight);
    return { top, left: uniform() * (width - ownWidth), height: ownHeight, width: ownWidth };
  }
  return plain;
};

/** From places in the output to places in the stored image: x' = a·x + b·y + c, y' = d·x + e·y + f. */
type Affine = readonly [number, number, number, number, number, number];

const affineOf = (
  region: Region,
  out: { height: number; width: number },
  spec: AugmentSpec,
  uniform: Uniform,
): Affine => {
  const mirrored = spec.flip && uniform() < 0.5;
  const down = spec.shift > 0 ? between(uniform, -spec.shift, spec.shift) * region.height : 0;
  const right = spec.shift > 0 ? between(uniform, -spec.shift, spec.shift) * region.width : 0;
  const turns = spec.rotation > 0 ? between(uniform, -spec.rotation, spec.rotation) / 360 : 0;
  const [cos, sin] = turns === 0 ? [1, 0] : [cosTurns64(turns), sinTurns64(turns)];
  const across = ((mirrored ? -1 : 1) * region.width) / out.width;
  const along = region.height / out.height;
  const [centreX, centreY] = [region.left + region.width / 2 - right, region.top + region.height / 2 - down];
  // About the centre of the output: scaled, turned, and moved to the centre of the region.
  const [a, b, d, e] = [cos * across, -sin * along, sin * across, cos * along];
  const [middleX, middleY] = [out.width / 2 - 0.5, out.height / 2 - 0.5];
  return [a, b, centreX - 0.5 - a * middleX - b * middleY, d, e, centreY - 0.5 - d * middleX - e * middleY];
};

/** Bilinear, the border repeated; pixels 0 … 255 as they come out, not rounded. */
const sample = (
  pixels: Uint8Array,
  { height, width, channels }: ImageTransform,
  [a, b, c, d, e, f]: Affine,
  out: { height: number; width: number },
  into: Float64Array,
): void => {
  let at = 0;
  for (let y = 0; y < out.height; y++)
    for (let x = 0; x < out.width; x++) {
      const sx = Math.min(width - 1, Math.max(0, a * x + b * y + c));
      const sy = Math.min(height - 1, Math.max(0, d * x + e * y + f));
      const x0 = Math.floor(sx);
      const y0 = Math.floor(sy);
      const x1 = Math.min(width - 1, x0 + 1);
      const y1 = Math.min(height - 1, y0 + 1);
      const fx = sx - x0;
      const fy = sy - y0;
      const p00 = (y0 * width + x0) * channels;
      const p01 = (y0 * width + x1) * channels;
      const p10 = (y1 * width + x0) * channels;
      const p11 = (y1 * width + x1) * channels;
      for (let k = 0; k < channels; k++) {
        const above = pixels[p00 + k]! * (1 - fx) + pixels[p01 + k]! * fx;
        const below = pixels[p10 + k]! * (1 - fx) + pixels[p11 + k]! * fx;
        into[at++] = above * (1 - fy) + below * fy;
      }
    }
};

const recolour = (values: Float64Array, { brightness, contrast }: AugmentSpec, uniform: Uniform): void => {
  const light = brightness > 0 ? between(uniform, 1 - brightness, 1 + brightness) : 1;
  const depth = contrast > 0 ? between(uniform, 1 - contrast, 1 + contrast) : 1;
  if (light === 1 && depth === 1) return;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const mean = (light * sum) / values.length;
  for (let i = 0; i < values.length; i++) {
    const value = (light * values[i]! - mean) * depth + mean;
    values[i] = Math.min(255, Math.max(0, value));
  }
};

/** Writes a stored image as the network sees it in one epoch. */
export type Augment = (pixels: Uint8Array, random: RandomKey, out: Float32Array, at: number) => void;

/** What comes out depends on the pixels and the random key alone: exact arithmetic in f64, rounded once. */
export const createAugment = (transform: ImageTransform, spec: AugmentSpec): Augment => {
  const { channels, mean, scale } = transform;
  const { height, width } = transform.crop ?? transform;
  const plain = plainRegion(transform);
  const values = new Float64Array(height * width * channels);
  const shifts = channelShifts(transform);
  return (pixels, random, out, at) => {
    const { uniform } = createRandomStream(random);
    const { randomResizedCrop } = spec;
    const region = randomResizedCrop === undefined ? plain : randomRegion(transform, randomResizedCrop, plain, uniform);
    sample(pixels, transform, affineOf(region, { height, width }, spec, uniform), { height, width }, values);
    recolour(values, spec, uniform);
    for (let i = 0, c = 0; i < values.length; i++) {
      out[at + i + shifts[c]!] = (values[i]! - mean[c]!) / scale[c]!;
      c = c + 1 === channels ? 0 : c + 1;
    }
  };
};
