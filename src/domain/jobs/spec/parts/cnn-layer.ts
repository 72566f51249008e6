import { z } from "zod";
import { activation, batchNorm, units } from "./units.ts";

const size = z.int().min(1).max(1024);
const pair = z.union([size.meta({ title: "Both" }), z.tuple([size, size]).meta({ title: "Height and width" })]);

const Conv2d = z
  .strictObject({
    type: z.literal("conv2d"),
    filters: units.describe("Output channels."),
    kernel: pair.default(3).describe("Pixels that a filter sees at once: height and width, or both as one number."),
    stride: pair.default(1).describe("Pixels from one place of the filter to the next."),
    padding: z
      .union([z.literal("same"), z.literal("valid"), z.int().min(0).max(1024).meta({ title: "Pixels" })])
      .default("valid")
      .describe(
        "`same`: as many output pixels as input pixels divided by the stride; `valid`: none; or so many rows and columns of zeros on each side.",
      ),
    dilation: pair.default(1).describe("Pixels from one tap of the kernel to the next."),
    groups: z
      .int()
      .min(1)
      .default(1)
      .describe("Channels are split into so many groups, each with its own filters; as many as channels: depthwise."),
    activation,
    batchNorm,
  })
  .meta({
    id: "Conv2dLayer",
    title: "Convolution",
    description:
      "out[y, x, f] = Σ in[y·stride + i·dilation − pad, x·stride + j·dilation − pad, c]·w[i, j, c, f] + b[f], over the kernel's taps and the channels of f's group.",
  });
const Pool = z
  .strictObject({
    type: z.enum(["max_pool", "average_pool"]).describe("The largest, or the mean, of each window."),
    size: pair.default(2).describe("Pixels of a window: height and width, or both as one number."),
    stride: pair.optional().describe("Pixels from one window to the next. Left out: the window's size."),
    padding: z.int().min(0).max(512).default(0).describe("Rows and columns on each side that count for nothing."),
  })
  .meta({ id: "PoolLayer", title: "Pooling", description: "The largest, or the mean, of each window, by channel." });
const GlobalAveragePool = z.strictObject({ type: z.literal("global_average_pool") }).meta({
  id: "GlobalAveragePoolLayer",
  title: "Global average pooling",
  description: "The mean of each channel over all pixels.",
});
const Dropout = z
  .strictObject({
    type: z.literal("dropout"),
    rate: z.number().min(0).max(1).describe("Share of the values that a training step sets to 0."),
  })
  .meta({ id: "DropoutLayer", title: "Dropout", description: "In training h becomes 0 or h/(1 − rate)." });
const Dense = z
  .strictObject({ type: z.literal("dense"), units: units.describe("Outputs."), activation, batchNorm })
  .meta({
    id: "DenseLayer",
    title: "Dense",
    description: "f(h·W + b); the first one flattens what comes before it.",
  });
const PlainLayer = z.discriminatedUnion("type", [Conv2d, Pool, GlobalAveragePool, Dropout, Dense]).meta({
  id: "PlainLayer",
  title: "Plain layer",
  description: "A layer that has no layers inside.",
});

const Residual = z
  .strictObject({
    type: z.literal("residual"),
    layers: z.array(PlainLayer).min(1).max(32).describe("f, which must keep the shape."),
  })
  .meta({ id: "ResidualLayer", title: "Residual", description: "x + f(x)" });
const Concat = z
  .strictObject({
    type: z.literal("concat"),
    branches: z
      .array(z.array(PlainLayer).max(32))
      .min(2)
      .max(8)
      .describe("Each sees the same input; their heights and widths must agree."),
  })
  .meta({ id: "ConcatLayer", title: "Side by side", description: "The branches' channels side by side." });

/** A layer of a CNN. The first `dense` (or the head) flattens what comes before it. */
export const CnnLayer = z
  .discriminatedUnion("type", [Conv2d, Pool, GlobalAveragePool, Dropout, Dense, Residual, Concat])
  .meta({ id: "CnnLayer", title: "Layer", description: "A layer of a convolutional network." });

export type CnnLayer = z.infer<typeof CnnLayer>;
