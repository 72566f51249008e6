import { assert } from "../../domain/errors.ts";
import type { ConvArguments, ConvGeometry } from "../kernels/families/convolution.ts";
import { stripCount } from "../kernels/families/matrix.ts";
import type { Kernels } from "../kernels/interface.ts";
import type { InfoOf } from "../kernels/kernel-info.ts";
import { type Blas, cblas } from "./blas-library.ts";
import { type PatchTiles, patchTilesOf } from "./patch-tiles.ts";

type Rest = [...ConvArguments, start: number, end: number];

/**
 * Convolutions of one group through BLAS: patches are made tile by tile in the thread's scratch (patchBytes of it) and multiplied there. Arguments as in
 * ConvolutionKernels, but `weight` [taps · channels, outChannels] and `dy` are not packed.
 */
export interface BlasConvolutionKernels {
  /** y = f(x ∗ w + bias). Units: tiles of patchTilesOf. */
  sgemmConv2d(
    y: number,
    x: number,
    weight: number,
    bias: number,
    scratch: number,
    activation: number,
    slope: number,
    ...rest: Rest
  ): void;
  /** dx: rows of dy times the transposed weights are patches of dx, added up by col2im. Units: samples. */
  sgemmConv2dInputGrad(dx: number, dy: number, weight: number, scratch: number, ...rest: Rest): void;
  /**
   * Partial sums of dw = patchesᵀ · dy, [chunks, taps · channels, outChannels]: chunk c over the tiles [c · chunkTiles, (c + 1) · chunkTiles). Their sum in
   * order is dw. Units: chunks of patchTilesOf.
   */
  sgemmConv2dWeightGrad(partials: number, x: number, dy: number, scratch: number, ...rest: Rest): void;
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

export const blasConvolutionInfo: InfoOf<BlasConvolutionKernels> = {
  sgemmConv2d: {
    args: ["y", "x", "weight", "bias", "scratch", "activation", "slope", ...geometry],
    unit: "tiles",
    grain: 1,
  },
  sgemmConv2dInputGrad: { args: ["dx", "dy", "weight", "scratch", ...geometry], unit: "samples", grain: 1 },
  sgemmConv2dWeightGrad: { args: ["partials", "x", "dy", "scratch", ...geometry], unit: "tiles", grain: 1 },
};

/** The geometry that a call's arguments spell. */
export const toConvGeometry = (conv: readonly number[]): ConvGeometry => {
  const named = Object.fromEntries(geometry.map((name, index) => [name, conv[index]!]));
  return named as Record<(typeof geometry)[number], number>;
};

const tilesFor = (conv: readonly number[]): PatchTiles => {
  const tiles = patchTilesOf(toConvGeometry(conv));
  assert(tiles, "only convolutions that patchTilesOf can cut are planned for BLAS");
  return tiles;
};

const split = (rest: Rest): { conv: ConvArguments; start: number; end: number } => ({
  conv: rest.slice(0, -2) as ConvArguments,
  start: rest[16],
  end: rest[17],
});

const floatBytes = 4;
const { rowMajor, noTranspose, transpose } = cblas;

/** im2col and col2im count units from the start of a whole matrix: the place where it would begin if the scratch held units from `first` on. */
const originOf = (scratch: number, first: number, unitFloats: number): number =>
  scratch - first * unitFloats * floatBytes;

export const createBlasConvolution = (blas: Blas, base: number, kernels: Kernels): BlasConvolutionKernels => {
  const { sgemm } = blas;
  return {
    sgemmConv2d: (y, x, weight, bias, scratch, activation, slope, ...rest) => {
      const { conv, start, end } = split(rest);
      const { depth, pixels, tilePixels } = tilesFor(conv);
      const n = conv[6];
      for (let tile = start; tile < end; tile++) {
        const first = tile * tilePixels;
        const m = Math.min(tilePixels, pixels - first);
        const c = y + first * n * floatBytes;
        kernels.im2col(originOf(scratch, first, depth), x, 0, ...conv, first, first + m);
        sgemm(
          rowMajor,
          noTranspose,
          noTranspose,
          m,
          n,
          depth,
          1,
          base + scratch,
          depth,
          base + weight,
          n,
          0,
          base + c,
          n,
        );
        if (bias === 0 && activation === 0) continue;
        kernels.gemm(c, 0, 0, bias, scratch, m, n, 0, 0, 0, n, 1, activation, slope, 0, stripCount(m));
      }
    },
    sgemmConv2dInputGrad: (dx, dy, weight, scratch, ...rest) => {
      const { conv, start, end } = split(rest);
      const { depth, tileRows } = tilesFor(conv);
      const [outHeight, outWidth, n] = [conv[4], conv[5], conv[6]];
      for (let sample = start; sample < end; sample++) {
        for (let row = 0; row < outHeight; row += tileRows) {
          const rows = Math.min(tileRows, outHeight - row);
          const m = rows * outWidth;
          const left = base + dy + (sample * outHeight + row) * outWidth * n * floatBytes;
          sgemm(rowMajor, noTranspose, transpose, m, depth, n, 1, left, n, base + weight, n, 0, base + scratch, depth);
          kernels.col2im(dx, originOf(scratch, sample, m * depth), 0, row, rows, ...conv, sample, sample + 1);
        }
      }
    },
    sgemmConv2dWeightGrad: (partials, x, dy, scratch, ...rest) => {
      const { conv, start, end } = split(rest);
      const { depth, pixels, tilePixels, tiles, chunkTiles } = tilesFor(conv);
      const n = conv[6];
      for (let chunk = start; chunk < end; chunk++) {
        const c = base + partials + chunk * depth * n * floatBytes;
        const last = Math.min(tiles, (chunk + 1) * chunkTiles);
        for (let tile = chunk * chunkTiles; tile < last; tile++) {
          const first = tile * tilePixels;
          const m = Math.min(tilePixels, pixels - first);
          const right = base + dy + first * n * floatBytes;
          const beta = tile === chunk * chunkTiles ? 0 : 1;
          kernels.im2col(originOf(scratch, first, depth), x, 0, ...conv, first, first + m);
          sgemm(rowMajor, transpose, noTranspose, depth, n, m, 1, base + scratch, depth, right, n, beta, c, n);
        }
      }
    },
  };
};
