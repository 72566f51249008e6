import { assert } from "../../domain/errors.ts";
import type { FeatureTransform } from "../../domain/models/model.ts";
import { createResample } from "../images/resample.ts";
import { channelShifts, featureWidth } from "./data-shape.ts";
import { createDateWriter } from "./encoders/date-encoder.ts";
import type { Floats } from "./encoders/floats.ts";
import { createNumberScale, type NumberTransform } from "./encoders/number-scale.ts";
import { createTextWriter } from "./encoders/text-encoder.ts";

/**
 * Writes one feature's inputs. Training and prediction both go through here, so that the same row gives the same bits.
 * Number columns take a number, or NaN where it is missing, columns of dates their days since 1970; category and text columns a text, or null; image columns pixels.
 */
export type FeatureEncoder =
  | { type: "number"; column: string; width: number; write(out: Floats, at: number, value: number): void }
  | { type: "datetime"; column: string; width: number; write(out: Floats, at: number, days: number): void }
  | { type: "text"; column: string; width: number; write(out: Floats, at: number, text: string | null): void }
  | {
      type: "category";
      column: string;
      width: number;
      write(out: Floats, at: number, value: string | null): void;
    }
  | { type: "image"; column: string; width: number; write(out: Floats, at: number, pixels: Uint8Array): void };

type Encoder<Type> = Extract<FeatureEncoder, { type: Type }>;
type ImageTransform = Extract<FeatureTransform, { type: "image" }>;
type CategoryTransform = Extract<FeatureTransform, { type: "category" }>;

/** What the transform makes of x in f64, rounded once to f32, x held within `clip`; a missing cell is 0, and so is every one of a column without training values. */
const createNumberEncoder = (transform: NumberTransform): Encoder<"number"> => {
  const { column, missingIndicator, unlearnt = false } = transform;
  const scaled = createNumberScale(transform);
  const { minimum, maximum } = transform.clip ?? {
    minimum: Number.NEGATIVE_INFINITY,
    maximum: Number.POSITIVE_INFINITY,
  };
  return {
    type: "number",
    column,
    width: featureWidth(transform),
    write: (out, at, value) => {
      const missing = unlearnt || Number.isNaN(value);
      out[at] = missing ? 0 : scaled(Math.min(maximum, Math.max(minimum, value)));
      if (missingIndicator) out[at + 1] = missing ? 1 : 0;
    },
  };
};

/** One input per category; the reference, unseen and unknown ones leave all of them 0. */
const createCategoryEncoder = (transform: CategoryTransform): Encoder<"category"> => {
  const { column, categories, missingIndicator } = transform;
  const width = featureWidth(transform);
  const zeros = new Set([...transform.unseen, transform.reference]);
  const inputOf = new Map(categories.map((category, i) => [category, i] as const).filter(([c]) => !zeros.has(c)));
  return {
    type: "category",
    column,
    width,
    write: (out, at, value) => {
      // A call of `fill` costs more than a few numbers.
      for (let i = at; i < at + width; i++) out[i] = 0;
      const input = value === null ? undefined : inputOf.get(value);
      if (input !== undefined) out[at + input] = 1;
      if (missingIndicator && value === null) out[at + width - 1] = 1;
    },
  };
};

/** (p − mean)/scale in f64 of the resized image, rounded once to f32. */
const createResamplingEncoder = (
  transform: ImageTransform,
  crop: NonNullable<ImageTransform["crop"]>,
): Encoder<"image"> => {
  const { column, channels, mean, scale } = transform;
  const width = featureWidth(transform);
  const shifts = channelShifts(transform);
  const resample = createResample(transform, crop);
  const resized = new Float64Array(width);
  return {
    type: "image",
    column,
    width,
    write: (out, at, pixels) => {
      assert(pixels.length === transform.height * transform.width * channels, `the size of an image of ${column}`);
      resample(pixels, resized);
      for (let i = 0, c = 0; i < width; i++) {
        out[at + i + shifts[c]!] = (resized[i]! - mean[c]!) / scale[c]!;
        c = c + 1 === channels ? 0 : c + 1;
      }
    },
  };
};

/** (p − mean)/scale in f64, rounded once to f32: a table of 256 values for each channel. */
const createImageEncoder = (transform: ImageTransform): Encoder<"image"> => {
  const { column, channels, mean, scale, crop } = transform;
  if (crop !== undefined) return createResamplingEncoder(transform, crop);
  const width = featureWidth(transform);
  const shifts = channelShifts(transform);
  const table = new Float32Array(256 * channels);
  for (let value = 0; value < 256; value++)
    for (let c = 0; c < channels; c++) table[value * channels + c] = (value - mean[c]!) / scale[c]!;
  return {
    type: "image",
    column,
    width,
    write: (out, at, pixels) => {
      assert(pixels.length === width, `an image of ${column} has ${width} numbers`);
      for (let i = 0, c = 0; i < width; i++) {
        out[at + i + shifts[c]!] = table[pixels[i]! * channels + c]!;
        c = c + 1 === channels ? 0 : c + 1;
      }
    },
  };
};

const createEncoder = (transform: FeatureTransform): FeatureEncoder => {
  switch (transform.type) {
    case "number":
      return createNumberEncoder(transform);
    case "category":
      return createCategoryEncoder(transform);
    case "image":
      return createImageEncoder(transform);
    case "datetime":
      return {
        ...{ type: "datetime", column: transform.column, width: featureWidth(transform) },
        write: createDateWriter(transform),
      };
    case "text":
      return {
        ...{ type: "text", column: transform.column, width: featureWidth(transform) },
        write: createTextWriter(transform),
      };
  }
};

export const createFeatureEncoder = <T extends FeatureTransform>(transform: T): Encoder<T["type"]> =>
  createEncoder(transform) as Encoder<T["type"]>;
