import {
  type ConvArguments,
  type ConvGeometry,
  type ConvolutionKernels,
  isDepthwise,
} from "../families/convolution.ts";
import { stripCount, stripRows } from "../families/matrix.ts";
import { activationOf } from "./activations.ts";
import { packedIndex } from "./matrix.ts";
import type { ReferenceMemory } from "./memory.ts";

type Rest = [...ConvArguments, start: number, end: number];

export const toGeometry = (
  rest: Rest,
): ConvGeometry & { start: number; end: number; inGroup: number; outGroup: number } => {
  const [batch, height, width, channels, outHeight, outWidth, outChannels, kernelHeight, kernelWidth, ...more] = rest;
  const [strideHeight, strideWidth, padTop, padLeft, dilationHeight, dilationWidth, groups, start, end] = more;
  return {
    batch,
    height,
    width,
    channels,
    outHeight,
    outWidth,
    outChannels,
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    padTop,
    padLeft,
    dilationHeight,
    dilationWidth,
    groups,
    start,
    end,
    inGroup: channels / groups,
    outGroup: outChannels / groups,
  };
};

type Geometry = ReturnType<typeof toGeometry>;

/** The input pixel that tap (ky, kx) of output pixel `pixel` reads, or −1 in the padding. */
export const inputPixel = (g: Geometry, pixel: number, ky: number, kx: number): number => {
  const [sample, oy, ox] = [
    Math.floor(pixel / (g.outHeight * g.outWidth)),
    Math.floor(pixel / g.outWidth) % g.outHeight,
    pixel % g.outWidth,
  ];
  const iy = oy * g.strideHeight - g.padTop + ky * g.dilationHeight;
  const ix = ox * g.strideWidth - g.padLeft + kx * g.dilationWidth;
  return iy < 0 || iy >= g.height || ix < 0 || ix >= g.width ? -1 : (sample * g.height + iy) * g.width + ix;
};

/** The output pixel whose tap (ky, kx) reads input pixel `pixel`, or −1. */
const outputPixel = (g: Geometry, pixel: number, ky: number, kx: number): number => {
  const [sample, iy, ix] = [
    Math.floor(pixel / (g.height * g.width)),
    Math.floor(pixel / g.width) % g.height,
    pixel % g.width,
  ];
  const [y, x] = [iy + g.padTop - ky * g.dilationHeight, ix + g.padLeft - kx * g.dilationWidth];
  const [oy, ox] = [y / g.strideHeight, x / g.strideWidth];
  const inside =
    Number.isInteger(oy) && Number.isInteger(ox) && oy >= 0 && oy < g.outHeight && ox >= 0 && ox < g.outWidth;
  return inside ? (sample * g.outHeight + oy) * g.outWidth + ox : -1;
};

/** Calls `visit(group, row)` for every row of the strips [start, end), strips being numbered group by group. */
const forEachRow = (start: number, end: number, rows: number, visit: (group: number, row: number) => void): void => {
  const strips = stripCount(rows);
  for (let unit = start; unit < end; unit++)
    for (let lane = 0; lane < stripRows; lane++) {
      const row = (unit % strips) * stripRows + lane;
      if (row < rows) visit(Math.floor(unit / strips), row);
    }
};

/** The same of output pixels; strips of a depthwise convolution have the rows of all groups. */
const forEachPixel = (g: Geometry, visit: (group: number, pixel: number) => void): void => {
  const rows = g.batch * g.outHeight * g.outWidth;
  if (!isDepthwise(g)) forEachRow(g.start, g.end, rows, visit);
  else
    forEachRow(g.start, g.end, rows, (_, pixel) => {
      for (let group = 0; group < g.groups; group++) visit(group, pixel);
    });
};

export const forEachTap = (g: Geometry, visit: (tap: number, ky: number, kx: number) => void): void => {
  for (let tap = 0; tap < g.kernelHeight * g.kernelWidth; tap++)
    visit(tap, Math.floor(tap / g.kernelWidth), tap % g.kernelWidth);
};

export const referenceConvolution = ({ get, set }: ReferenceMemory): ConvolutionKernels => ({
  conv2d: (y, x, packed, bias, _scratch, activation, slope, ...rest) => {
    const g = toGeometry(rest);
    const f = activationOf(activation, slope);
    const k = g.kernelHeight * g.kernelWidth * g.inGroup;
    forEachPixel(g, (group, pixel) => {
      for (let co = 0; co < g.outGroup; co++) {
        const channel = group * g.outGroup + co;
        let total = 0;
        forEachTap(g, (tap, ky, kx) => {
          const from = inputPixel(g, pixel, ky, kx);
          for (let ci = 0; from >= 0 && ci < g.inGroup; ci++)
            total +=
              get(x, from * g.channels + group * g.inGroup + ci) *
              get(packed, packedIndex(group, tap * g.inGroup + ci, co, k, g.outGroup));
        });
        set(y, pixel * g.outChannels + channel, f(total + (bias ? get(bias, channel) : 0)));
      }
    });
  },
  conv2dInputGrad: (dx, dy, packed, _scratch, ...rest) => {
    const g = toGeometry(rest);
    const n = g.kernelHeight * g.kernelWidth * g.inGroup;
    const size = g.height * g.width;
    for (let unit = g.start; unit < g.end; unit++)
      for (let pixel = 0; pixel < size; pixel++) {
        const [group, place] = [unit % g.groups, Math.floor(unit / g.groups) * size + pixel];
        for (let ci = 0; ci < g.inGroup; ci++) {
          let total = 0;
          forEachTap(g, (tap, ky, kx) => {
            const to = outputPixel(g, place, ky, kx);
            for (let co = 0; to >= 0 && co < g.outGroup; co++)
              total +=
                get(dy, to * g.outChannels + group * g.outGroup + co) *
                get(packed, packedIndex(group, co, tap * g.inGroup + ci, g.outGroup, n));
          });
          set(dx, place * g.channels + group * g.inGroup + ci, total);
        }
      }
  },
  conv2dWeightGrad: (dw, x, packed, _scratch, accumulate, ...rest) => {
    const g = toGeometry(rest);
    const pixels = g.batch * g.outHeight * g.outWidth;
    const rows = g.kernelHeight * g.kernelWidth * g.inGroup;
    forEachRow(g.start, g.end, rows, (group, row) => {
      const [tap, ci] = [Math.floor(row / g.inGroup), row % g.inGroup];
      for (let co = 0; co < g.outGroup; co++) {
        const at = (group * rows + row) * g.outGroup + co;
        let total = accumulate ? get(dw, at) : 0;
        for (let pixel = 0; pixel < pixels; pixel++) {
          const from = inputPixel(g, pixel, Math.floor(tap / g.kernelWidth), tap % g.kernelWidth);
          if (from >= 0)
            total +=
              get(x, from * g.channels + group * g.inGroup + ci) *
              get(packed, packedIndex(group, pixel, co, pixels, g.outGroup));
        }
        set(dw, at, total);
      }
    });
  },
  depthwiseWeightGrad: (dw, x, dy, accumulate, ...rest) => {
    const g = toGeometry(rest);
    const pixels = g.batch * g.outHeight * g.outWidth;
    for (let unit = g.start; unit < g.end; unit++)
      for (let kx = 0; kx < g.kernelWidth; kx++) {
        const [ky, channel] = [Math.floor(unit / g.channels), unit % g.channels];
        const at = (channel * g.kernelHeight + ky) * g.kernelWidth + kx;
        let total = accumulate ? get(dw, at) : 0;
        for (let pixel = 0; pixel < pixels; pixel++) {
          const from = inputPixel(g, pixel, ky, kx);
          if (from >= 0) total += get(x, from * g.channels + channel) * get(dy, pixel * g.channels + channel);
        }
        set(dw, at, total);
      }
  },
});
