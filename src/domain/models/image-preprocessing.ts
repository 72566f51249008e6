import { z } from "zod";

const side = z.int().min(1).max(4096);
const perChannel = z.array(z.number()).min(1).max(4);
const perChannelAboveZero = z.array(z.number().positive()).min(1).max(4);

const channelOrder = z
  .enum(["rgb", "bgr"])
  .describe("of what the network takes, mean and deviation in the same order; left out: `rgb`");
const fit = z
  .enum(["crop", "stretch"])
  .describe(
    "`crop`: a picture is scaled until its shorter side fits; `stretch`: until both sides do, whatever its proportions; left out: `crop`",
  );

export const ImagePreprocessing = z
  .strictObject({
    shorterSide: side.describe("pixels to which it is scaled first"),
    height: side.describe("rows of pixels that are cut out of the centre"),
    width: side.describe("pixels of a row"),
    scale: z.number().positive().describe("what pixels from 0 to 255 are multiplied by"),
    mean: perChannel.describe("of each channel"),
    deviation: perChannelAboveZero.describe("of each channel"),
    channelOrder: channelOrder.optional(),
    fit: fit.optional(),
  })
  .meta({
    id: "ImagePreprocessing",
    description:
      "How a picture becomes the network's input: its shorter side is scaled, the centre is cut out, then each channel becomes (scale·pixel − mean)/deviation, pixels being 0 … 255.",
  });

/** What is known by name: torchvision's for ImageNet, 0 … 1, and −1 … 1 as MobileNet's first version has it. */
export const ImagePreset = z.enum(["imagenet", "unit", "minus_one_to_one", "none"]);

/** Of what is stated as JSON in a query. */
export const statedLength = 2000;

export const StatedPreprocessing = z
  .strictObject({
    preset: z
      .enum(["imagenet", "unit", "minus_one_to_one"])
      .optional()
      .describe("where scale, mean and deviation come from; left out: they are stated"),
    scale: z.number().positive().optional().describe("what pixels from 0 to 255 are multiplied by; left out: 1/255"),
    mean: perChannel.optional().describe("of each channel, in the network's order, of scaled pixels; left out: 0"),
    deviation: perChannelAboveZero
      .optional()
      .describe("of each channel, in the network's order, of scaled pixels; left out: 1"),
    shorterSide: side
      .optional()
      .describe(
        "pixels to which the shorter side is scaled before the centre is cut out; left out: 8/7 of the centre, or with `stretch` no more than it",
      ),
    crop: z
      .union([
        side.meta({ title: "A square" }),
        z
          .strictObject({ height: side.describe("rows of pixels"), width: side.describe("pixels of a row") })
          .meta({ id: "PictureSize", title: "A rectangle", description: "The size of a picture." }),
      ])
      .optional()
      .describe("what is cut out of the centre: the size of the network's input, which it is when left out"),
    channelOrder: channelOrder.optional(),
    fit: fit.optional(),
  })
  .meta({
    id: "StatedImagePreprocessing",
    description:
      "What pictures become for a network: (scale·pixel − mean)/deviation of each channel of its input's size, pixels being 0 … 255.",
  });

export type ImagePreprocessing = z.infer<typeof ImagePreprocessing>;
export type ImagePreset = z.infer<typeof ImagePreset>;
export type StatedPreprocessing = z.infer<typeof StatedPreprocessing>;
