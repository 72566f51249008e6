import type { InfoOf } from "../kernel-info.ts";

/** A 2-D pooling window over NHWC tensors. Padded positions never win a maximum. */
export interface PoolGeometry {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
}

export type PoolArguments = [
  batch: number,
  height: number,
  width: number,
  channels: number,
  outHeight: number,
  outWidth: number,
  kernelHeight: number,
  kernelWidth: number,
  strideHeight: number,
  strideWidth: number,
  padTop: number,
  padLeft: number,
];

export const poolArguments = (g: PoolGeometry): PoolArguments => [
  g.batch,
  g.height,
  g.width,
  g.channels,
  g.outHeight,
  g.outWidth,
  g.kernelHeight,
  g.kernelWidth,
  g.strideHeight,
  g.strideWidth,
  g.padTop,
  g.padLeft,
];

export interface PoolingKernels {
  /**
   * y = the maximum of each window; `winners` (i32, y's shape) = the first row-major tap (ky · kernelWidth + kx) that attains it.
   * A NaN in the window wins. Units: output pixels, batch · outHeight · outWidth.
   */
  maxPool2d(y: number, winners: number, x: number, ...rest: [...PoolArguments, start: number, end: number]): void;
  /** dx = Σ of dy over the windows that this element won; units: input pixels, batch · height · width. */
  maxPool2dGrad(dx: number, dy: number, winners: number, ...rest: [...PoolArguments, start: number, end: number]): void;
  /**
   * y = the mean of each window: over kernelHeight · kernelWidth if `countPadding` (PyTorch's default), else over the taps inside x.
   * Units: output pixels.
   */
  averagePool2d(
    y: number,
    x: number,
    countPadding: number,
    ...rest: [...PoolArguments, start: number, end: number]
  ): void;
  /** dx of averagePool2d; units: input pixels. */
  averagePool2dGrad(
    dx: number,
    dy: number,
    countPadding: number,
    ...rest: [...PoolArguments, start: number, end: number]
  ): void;
  /** y[s, c] = the mean over the pixels of x[s, pixel, c]; units: samples. */
  globalAveragePool(y: number, x: number, pixels: number, channels: number, start: number, end: number): void;
  /** dx[s, pixel, c] = dy[s, c] / pixels; units: samples. */
  globalAveragePoolGrad(dx: number, dy: number, pixels: number, channels: number, start: number, end: number): void;
}

const geometry = [
  "batch",
  "height",
  "width",
  "channels",
  "outHeight",
  "outWidth",
  "kernelHeight",
  "kernelWidth",
  "strideHeight",
  "strideWidth",
  "padTop",
  "padLeft",
] as const;

export const poolingInfo: InfoOf<PoolingKernels> = {
  maxPool2d: { args: ["y", "winners", "x", ...geometry], unit: "pixels", grain: 1 },
  maxPool2dGrad: { args: ["dx", "dy", "winners", ...geometry], unit: "pixels", grain: 1 },
  averagePool2d: { args: ["y", "x", "countPadding", ...geometry], unit: "pixels", grain: 1 },
  averagePool2dGrad: { args: ["dx", "dy", "countPadding", ...geometry], unit: "pixels", grain: 1 },
  globalAveragePool: { args: ["y", "x", "pixels", "channels"], unit: "samples", grain: 1 },
  globalAveragePoolGrad: { args: ["dx", "dy", "pixels", "channels"], unit: "samples", grain: 1 },
};
