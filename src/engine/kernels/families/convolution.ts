import type { InfoOf } from "../kernel-info.ts";
import { packedElements, stripCount } from "./matrix.ts";

/**
 * A 2-D convolution. Tensors are NHWC: x [batch, height, width, channels], y [batch, outHeight, outWidth, outChannels], so that pixels are rows and
 * channels are columns of a matrix. Weights are [groups, kernelHeight, kernelWidth, channels / groups, outChannels / groups].
 * Padding at the bottom and right is what outHeight and outWidth imply. All counts are elements.
 */
export interface ConvGeometry {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly groups: number;
}

export type ConvArguments = [
  batch: number,
  height: number,
  width: number,
  channels: number,
  outHeight: number,
  outWidth: number,
  outChannels: number,
  kernelHeight: number,
  kernelWidth: number,
  strideHeight: number,
  strideWidth: number,
  padTop: number,
  padLeft: number,
  dilationHeight: number,
  dilationWidth: number,
  groups: number,
];

export const convArguments = (g: ConvGeometry): ConvArguments => [
  g.batch,
  g.height,
  g.width,
  g.channels,
  g.outHeight,
  g.outWidth,
  g.outChannels,
  g.kernelHeight,
  g.kernelWidth,
  g.strideHeight,
  g.strideWidth,
  g.padTop,
  g.padLeft,
  g.dilationHeight,
  g.dilationWidth,
  g.groups,
];

/** floor((size + padding − dilation · (kernel − 1) − 1) / stride) + 1, padding being the sum of both sides. */
export const convOutputSize = (
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
): number => Math.floor((size + padding - dilation * (kernel - 1) - 1) / stride) + 1;

/** Whether every group has one channel in and out. */
export const isDepthwise = ({
  channels,
  outChannels,
  groups,
}: Pick<ConvGeometry, "channels" | "outChannels" | "groups">): boolean =>
  groups > 1 && groups === channels && groups === outChannels;

/** Units and packed sizes of the calls that make one convolution. */
export const convSizes = (g: ConvGeometry) => {
  const [inGroup, outGroup] = [g.channels / g.groups, g.outChannels / g.groups];
  const taps = g.kernelHeight * g.kernelWidth;
  const outPixels = g.batch * g.outHeight * g.outWidth;
  return {
    /** packB of the weights: (k, n) = (taps · channels / groups, outChannels / groups), strides (n, 1), batches = groups, batchStride = k · n. */
    packedWeights: packedElements(taps * inGroup, outGroup, g.groups),
    /** packB of the weights: (k, n) = (outChannels / groups, taps · channels / groups), strides (1, k), batches = groups, batchStride = k · n. */
    packedWeightsTransposed: packedElements(outGroup, taps * inGroup, g.groups),
    /** packB of dy: (k, n) = (output pixels, outChannels / groups), strides (outChannels, 1), batches = groups, batchStride = n. */
    packedOutputGrad: packedElements(outPixels, outGroup, g.groups),
    forwardUnits: (isDepthwise(g) ? 1 : g.groups) * stripCount(outPixels),
    inputGradUnits: g.batch * g.groups,
    weightGradUnits: g.groups * stripCount(taps * inGroup),
  };
};

/** Convolution as implicit GEMM: patches are packed block by block into the thread's scratch, never materialised as a whole. */
export interface ConvolutionKernels {
  /**
   * y = f(x ∗ w + bias); `packed` = packB of the weights (see convSizes.packedWeights); bias of outChannels elements or 0.
   * Units: strips of 4 output pixels of one group, groups · ⌈batch · outHeight · outWidth / 4⌉ (group-major); where every group has one channel in and out
   * strips with all their channels, ⌈batch · outHeight · outWidth / 4⌉.
   */
  conv2d(
    y: number,
    x: number,
    packed: number,
    bias: number,
    scratch: number,
    activation: number,
    slope: number,
    ...rest: [...ConvArguments, start: number, end: number]
  ): void;
  /**
   * dx = gradient by x; `packed` = packB of the transposed weights (see convSizes.packedWeightsTransposed).
   * Units: samples, each group of a sample on its own: batch · groups of them, groups innermost.
   */
  conv2dInputGrad(
    dx: number,
    dy: number,
    packed: number,
    scratch: number,
    ...rest: [...ConvArguments, start: number, end: number]
  ): void;
  /**
   * dw = gradient by w (plus dw if accumulate); `packed` = packB of dy (see convSizes.packedOutputGrad).
   * Units: strips of 4 of a group's kernelHeight · kernelWidth · channels / groups weight rows.
   */
  conv2dWeightGrad(
    dw: number,
    x: number,
    packed: number,
    scratch: number,
    accumulate: number,
    ...rest: [...ConvArguments, start: number, end: number]
  ): void;
  /**
   * conv2dWeightGrad with one channel in and out of each group, from dy as it lies: dw [channels, kernelHeight, kernelWidth], the same bits.
   * Units: kernel rows of a channel, kernelHeight · channels of them, channels innermost.
   */
  depthwiseWeightGrad(
    dw: number,
    x: number,
    dy: number,
    accumulate: number,
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

export const convolutionInfo: InfoOf<ConvolutionKernels> = {
  conv2d: {
    args: ["y", "x", "packed", "bias", "scratch", "activation", "slope", ...geometry],
    unit: "strips",
    grain: 1,
  },
  conv2dInputGrad: { args: ["dx", "dy", "packed", "scratch", ...geometry], unit: "samples", grain: 1 },
  conv2dWeightGrad: { args: ["dw", "x", "packed", "scratch", "accumulate", ...geometry], unit: "strips", grain: 1 },
  depthwiseWeightGrad: { args: ["dw", "x", "dy", "accumulate", ...geometry], unit: "rows", grain: 4 },
};
