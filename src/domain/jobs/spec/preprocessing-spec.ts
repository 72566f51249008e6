import { z } from "zod";

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

export const PreprocessingSpec = z.strictObject({ images: ImageScaling.default("standardize") }).meta({
  id: "PreprocessingSpec",
  description:
    "How cells become inputs, where it is not the type that says it: numbers are standardised, categories one-hot.",
});

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
