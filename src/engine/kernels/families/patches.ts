import type { InfoOf } from "../kernel-info.ts";
import type { ConvArguments } from "./convolution.ts";

/**
 * The patches of a convolution as a matrix, for products that another library computes. A patch is the input that one output pixel meets, in the order of
 * the weights: [taps · channels / groups], taps row by row. Geometry as in families/convolution.ts.
 */
export interface PatchKernels {
  /**
   * out[pixel, (tap, ci)] = x at that tap of the output pixel, 0 in the padding; channels of one group.
   * Units: output pixels, batch · outHeight · outWidth.
   */
  im2col(out: number, x: number, group: number, ...rest: [...ConvArguments, start: number, end: number]): void;
  /**
   * The transpose of im2col, output rows [firstRow, firstRow + rows) of each sample: adds every element of a patch to the input it came from.
   * `patches` is [batch, rows, outWidth, taps · channels / groups]; with firstRow = 0 the group's channels of dx are cleared before.
   * Units: samples.
   */
  col2im(
    dx: number,
    patches: number,
    group: number,
    firstRow: number,
    rows: number,
    ...rest: [...ConvArguments, start: number, end: number]
  ): void;
}

const geometry = [
  "batch",
  "height",
  "width",
  "channels",
  "outHeight",
  "outWidth",
  "outChannels",
  "kernelHeight",
  "kernelWidth",
  "strideHeight",
  "strideWidth",
  "padTop",
  "padLeft",
  "dilationHeight",
  "dilationWidth",
  "groups",
] as const;

export const patchInfo: InfoOf<PatchKernels> = {
  im2col: { args: ["out", "x", "group", ...geometry], unit: "pixels", grain: 16 },
  col2im: { args: ["dx", "patches", "group", "firstRow", "rows", ...geometry], unit: "samples", grain: 1 },
};
