import { z } from "zod";
import { limits } from "../../limits.ts";
import { columnsField, EmbeddingsSpec, Logarithms, NumberScaling } from "./parts/column-preprocessing.ts";
import { TextSpec } from "./parts/text-spec.ts";

const perChannel = z.union([
  z.tuple([z.number()]).meta({ title: "Grey" }),
  z.tuple([z.number(), z.number(), z.number()]).meta({ title: "Red, green, blue" }),
]);

export const ImageScaling = z
  .union([
    z.enum(["standardize", "unit", "minus_one_to_one", "imagenet"]).meta({ title: "By name" }),
    z
      .strictObject({
        mean: perChannel.describe("Of each channel, of pixels from 0 to 1."),
        deviation: perChannel
          .refine((values) => values.every((value) => value > 0), "must be above 0")
          .describe("Standard deviation of each channel, of pixels from 0 to 1; above 0."),
      })
      .meta({ id: "StatedImageScaling", title: "By numbers", description: "(x − mean)/deviation of each channel." }),
  ])
  .meta({
    id: "ImageScaling",
    title: "Image scaling",
    description:
      "What pixels of images, as numbers from 0 to 1, become: (x − mean)/deviation of each channel. `standardize`: by mean and deviation of the training images; `unit`: 0 to 1 as they are; `minus_one_to_one`: −1 to 1, as MobileNet has it; `imagenet`: by mean (0.485, 0.456, 0.406) and deviation (0.229, 0.224, 0.225), as torchvision has it.",
  });

const side = z.int().min(1).max(limits.imageSide);

export const PreprocessingSpec = z
  .strictObject({
    images: ImageScaling.default("standardize"),
    shorterSide: side
      .optional()
      .describe(
        "Pixels of the shorter side to which the data set's images are resized (bilinear, every pixel counting where they shrink). Left out: they are not resized, or as an imported network needs it.",
      ),
    crop: z
      .union([
        side.meta({ title: "A square" }),
        z
          .strictObject({ height: side.describe("Rows of pixels."), width: side.describe("Pixels in a row.") })
          .meta({ id: "CropSize", title: "A rectangle", description: "The size of what is cut out." }),
      ])
      .optional()
      .describe("Cut out of their centre then. Left out: all of it, or the size that an imported network takes."),
    channelOrder: z
      .enum(["rgb", "bgr"])
      .optional()
      .describe(
        "In which order the network gets the channels of a pixel; `images` states them as red, green, blue in either case. Left out: `rgb`, or as an imported network has it.",
      ),
    numbers: NumberScaling.optional().describe(
      "Of columns of numbers in tables. Left out: `standardize`, with an imported network `none`.",
    ),
    logarithm: Logarithms.optional().describe(
      "`auto`: the logarithm is taken of columns of numbers with a long tail above; of classifications, regressions and k-means, not of mixtures, densities and reconstructions. Left out: `none`.",
    ),
    embeddings: EmbeddingsSpec.optional().describe(
      "Of columns of many categories, with a multilayer perceptron. Left out: each category has an input of its own.",
    ),
    columns: columnsField,
    texts: TextSpec.optional().describe("Of columns of free text. Left out: its defaults, where a feature is one."),
  })
  .meta({
    id: "PreprocessingSpec",
    description:
      "How cells become inputs, where it is not the type that says it: numbers are standardised, categories one-hot, dates elapsed days and cycles. All is fitted on the training rows alone and kept with the model.",
  });

export type PreprocessingSpec = z.infer<typeof PreprocessingSpec>;

export const textSpecOf = (spec: PreprocessingSpec | undefined): TextSpec => spec?.texts ?? TextSpec.parse({});

/** The size of an image that is resized until its shorter side has so many pixels. */
export const resizedTo = (
  { height, width }: { readonly height: number; readonly width: number },
  shorterSide: number,
): { height: number; width: number } => {
  const scale = shorterSide / Math.min(height, width);
  return { height: Math.round(height * scale), width: Math.round(width * scale) };
};

/** How an image is resized, and the part of it that is kept; null: it is taken as it is. */
export const cropOf = (
  { height, width }: { readonly height: number; readonly width: number },
  spec: PreprocessingSpec | undefined,
): { shorterSide: number; height: number; width: number } | null => {
  if (spec?.crop === undefined && spec?.shorterSide === undefined) return null;
  const shorterSide = spec.shorterSide ?? Math.min(height, width);
  const whole = resizedTo({ height, width }, shorterSide);
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
