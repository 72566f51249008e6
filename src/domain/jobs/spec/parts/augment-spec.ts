import { z } from "zod";

const share = z.number().min(0).max(1);

/** What of a training image changes from epoch to epoch. */
export const AugmentSpec = z
  .strictObject({
    flip: z.boolean().default(false).describe("Every second image, on average, is mirrored left to right."),
    shift: z
      .number()
      .min(0)
      .max(0.5)
      .default(0)
      .describe(
        "Moves it up to this share of its height and width either way; what comes into view repeats the border.",
      ),
    randomResizedCrop: z
      .strictObject({
        scale: z
          .tuple([share, share])
          .refine(([low, high]) => low > 0 && low <= high, "must be two shares above 0, the lesser first")
          .default([0.35, 1])
          .describe("Share of the image's area that is cut out, from the least to the most."),
        ratio: z
          .tuple([z.number().min(0.1).max(10), z.number().min(0.1).max(10)])
          .refine(([low, high]) => low <= high, "must be two numbers, the lesser first")
          .default([3 / 4, 4 / 3])
          .describe("Its width divided by its height, from the least to the most."),
      })
      .meta({
        id: "RandomResizedCrop",
        description: "A part of random size and place is stretched to the network's size (Szegedy et al. 2015).",
      })
      .optional()
      .describe("Left out: the same part in every epoch."),
    rotation: z.number().min(0).max(180).default(0).describe("Turns it up to so many degrees either way."),
    brightness: share.default(0).describe("Multiplies its pixels by a number from 1 − this to 1 + this."),
    contrast: share
      .default(0)
      .describe("Multiplies their distance from the image's mean by a number from 1 − this to 1 + this."),
  })
  .meta({
    id: "AugmentSpec",
    description:
      "Training images change at random from epoch to epoch, by seed, epoch and row alone; those that validate, test and are predicted do not.",
  });

export type AugmentSpec = z.infer<typeof AugmentSpec>;
