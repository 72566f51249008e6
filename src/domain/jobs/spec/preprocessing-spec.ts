import { z } from "zod";
import { limits } from "../../limits.ts";

const perChannel = z.union([z.tuple([z.number()]), z.tuple([z.number(), z.number(), z.number()])]);

/** What the pixels of images, as numbers from 0 to 1, become: (x − mean)/deviation of each channel. */
export const ImageScaling = z
  .union([
    /**
     * `standardize` by mean and deviation of the training images (left out: this one) · `unit` 0 to 1 as they are · `minus_one_to_one` −1 to 1, as MobileNet
     * has it · `imagenet` by mean (0.485, 0.456, 0.406) and deviation (0.229, 0.224, 0.225), as torchvision has it.
     */
    z.enum(["standardize", "unit", "minus_one_to_one", "imagenet"]),
    z.strictObject({
      mean: perChannel,
      deviation: perChannel.refine((values) => values.every((value) => value > 0), "must be above 0"),
    }),
  ])
  .meta({ id: "ImageScaling" });

const side = z.int().min(1).max(limits.imageSide);

export const PreprocessingSpec = z
  .strictObject({
    images: ImageScaling.default("standardize"),
    /** The data set's images are resized until their shorter side has so many pixels (bilinear, averaging where they shrink); left out: not at all. */
    shorterSide: side.optional(),
    /** Then their centre is cut out: a side, or height and width. Left out: all of it, or the size that an imported network takes. */
    crop: z.union([side, z.strictObject({ height: side, width: side })]).optional(),
    /** Of tables, with an imported network: columns as they are (left out: this), or standardised. */
    numbers: z.enum(["none", "standardize"]).optional(),
  })
  .meta({ id: "PreprocessingSpec" });

export type PreprocessingSpec = z.infer<typeof PreprocessingSpec>;

/** How an image is resized, and the part of it that is kept; null: it is taken as it is. */
export const cropOf = (
  { height, width }: { readonly height: number; readonly width: number },
  spec: PreprocessingSpec | undefined,
): { shorterSide: number; height: number; width: number } | null => {
  if (spec?.crop === undefined && spec?.shorterSide === undefined) return null;
  const shorterSide = spec.shorterSide ?? Math.min(height, width);
  const scale = shorterSide / Math.min(height, width);
  const whole = { height: Math.round(height * scale), width: Math.round(width * scale) };
  const kept = typeof spec.crop === "number" ? { height: spec.crop, width: spec.crop } : (spec.crop ?? whole);
  const same = shorterSide === Math.min(height, width) && kept.height === height && kept.width === width;
  return same ? null : { shorterSide, ...kept };
};

export type ImageScaling = z.infer<typeof ImageScaling>;

/** Mean and deviation of each channel, of pixels from 0 to 1; null where the training images are to tell. */
export const statedScaling = (
  scaling: ImageScaling,
  channels: number,
): { mean: readonly number[]; deviation: readonly number[] } | null => {
  const each = (value: number): number[] => new Array<number>(channels).fill(value);
  if (typeof scaling === "object") return scaling;
  switch (scaling) {
    case "standardize":
      return null;
    case "unit":
      return { mean: each(0), deviation: each(1) };
    case "minus_one_to_one":
      return { mean: each(0.5), deviation: each(0.5) };
    case "imagenet":
      return { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };
  }
};
