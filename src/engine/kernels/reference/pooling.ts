import type { PoolArguments, PoolGeometry, PoolingKernels } from "../families/pooling.ts";
import type { ReferenceMemory } from "./memory.ts";

type Rest = [...PoolArguments, start: number, end: number];
type Geometry = PoolGeometry & { start: number; end: number };

const toGeometry = (rest: Rest): Geometry => {
  const [batch, height, width, channels, outHeight, outWidth, kernelHeight, kernelWidth, ...more] = rest;
  const [strideHeight, strideWidth, padTop, padLeft, start, end] = more;
  return {
    batch,
    height,
    width,
    channels,
    outHeight,
    outWidth,
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    padTop,
    padLeft,
    start,
    end,
  };
};

/** Visits the taps of an output pixel's window that lie inside the input, in row-major order. */
const forEachInput = (g: Geometry, pixel: number, visit: (input: number, tap: number) => void): void => {
  const [sample, oy, ox] = [
    Math.floor(pixel / (g.outHeight * g.outWidth)),
    Math.floor(pixel / g.outWidth) % g.outHeight,
    pixel % g.outWidth,
  ];
  for (let tap = 0; tap < g.kernelHeight * g.kernelWidth; tap++) {
    const iy = oy * g.strideHeight - g.padTop + Math.floor(tap / g.kernelWidth);
    const ix = ox * g.strideWidth - g.padLeft + (tap % g.kernelWidth);
    if (iy >= 0 && iy < g.height && ix >= 0 && ix < g.width) visit((sample * g.height + iy) * g.width + ix, tap);
  }
};

/** Visits the output pixels whose windows cover an input pixel, and as which tap. */
const forEachWindow = (g: Geometry, pixel: number, visit: (output: number, tap: number) => void): void => {
  const [sample, iy, ix] = [
    Math.floor(pixel / (g.height * g.width)),
    Math.floor(pixel / g.width) % g.height,
    pixel % g.width,
  ];
  for (let oy = 0; oy < g.outHeight; oy++)
    for (let ox = 0; ox < g.outWidth; ox++) {
      const ky = iy - (oy * g.strideHeight - g.padTop);
      const kx = ix - (ox * g.strideWidth - g.padLeft);
      if (ky >= 0 && ky < g.kernelHeight && kx >= 0 && kx < g.kernelWidth)
        visit((sample * g.outHeight + oy) * g.outWidth + ox, ky * g.kernelWidth + kx);
    }
};

/** By how much a window's sum is divided. */
const windowSize = (g: Geometry, output: number, countPadding: number): number => {
  let inside = 0;
  forEachInput(g, output, () => {
    inside += 1;
  });
  return countPadding ? g.kernelHeight * g.kernelWidth : Math.max(1, inside);
};

export const referencePooling = ({ get, set, getInteger, setInteger }: ReferenceMemory): PoolingKernels => ({
  maxPool2d: (y, winners, x, ...rest) => {
    const g = toGeometry(rest);
    for (let pixel = g.start; pixel < g.end; pixel++)
      for (let c = 0; c < g.channels; c++) {
        let [best, winner] = [Number.NEGATIVE_INFINITY, -1];
        forEachInput(g, pixel, (input, tap) => {
          const value = get(x, input * g.channels + c);
          if (winner < 0 || value > best || (Number.isNaN(value) && !Number.isNaN(best))) [best, winner] = [value, tap];
        });
        set(y, pixel * g.channels + c, best);
        setInteger(winners, pixel * g.channels + c, winner);
      }
  },
  maxPool2dGrad: (dx, dy, winners, ...rest) => {
    const g = toGeometry(rest);
    for (let pixel = g.start; pixel < g.end; pixel++)
      for (let c = 0; c < g.channels; c++) {
        let total = 0;
        forEachWindow(g, pixel, (output, tap) => {
          const at = output * g.channels + c;
          if (getInteger(winners, at) === tap) total += get(dy, at);
        });
        set(dx, pixel * g.channels + c, total);
      }
  },
  averagePool2d: (y, x, countPadding, ...rest) => {
    const g = toGeometry(rest);
    for (let pixel = g.start; pixel < g.end; pixel++)
      for (let c = 0; c < g.channels; c++) {
        let total = 0;
        forEachInput(g, pixel, (input) => {
          total += get(x, input * g.channels + c);
        });
        set(y, pixel * g.channels + c, total / windowSize(g, pixel, countPadding));
      }
  },
  averagePool2dGrad: (dx, dy, countPadding, ...rest) => {
    const g = toGeometry(rest);
    for (let pixel = g.start; pixel < g.end; pixel++)
      for (let c = 0; c < g.channels; c++) {
        let total = 0;
        forEachWindow(g, pixel, (output) => {
          total += get(dy, output * g.channels + c) / windowSize(g, output, countPadding);
        });
        set(dx, pixel * g.channels + c, total);
      }
  },
  globalAveragePool: (y, x, pixels, channels, start, end) => {
    for (let s = start; s < end; s++)
      for (let c = 0; c < channels; c++) {
        let total = 0;
        for (let p = 0; p < pixels; p++) total += get(x, (s * pixels + p) * channels + c);
        set(y, s * channels + c, total / pixels);
      }
  },
  globalAveragePoolGrad: (dx, dy, pixels, channels, start, end) => {
    for (let s = start; s < end; s++)
      for (let p = 0; p < pixels; p++)
        for (let c = 0; c < channels; c++) set(dx, (s * pixels + p) * channels + c, get(dy, s * channels + c) / pixels);
  },
});
