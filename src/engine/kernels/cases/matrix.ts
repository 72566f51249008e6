import {
  type ConvGeometry,
  type ConvolutionKernels,
  convArguments,
  convOutputSize,
  convSizes,
} from "../families/convolution.ts";
import { type MatrixKernels, packedElements, panelCount, scratchBytes, stripCount } from "../families/matrix.ts";
import { type PoolGeometry, type PoolingKernels, poolArguments } from "../families/pooling.ts";
import { type Case, type CasesOf, integerOutput, type MakeCase, realOutput, type Space } from "./case.ts";

export const matrixCases: CasesOf<MatrixKernels> = {
  packB: (r) => {
    const [k, n, batches] = [r.size(1, 37), r.size(1, 29), r.size(1, 3)];
    const count = packedElements(k, n, batches);
    const out = r.blank(count);
    const b = r.real(k * n * batches);
    const layouts = [
      [n, 1, k * n],
      [1, k, k * n],
      [n * batches, 1, n],
    ] as const;
    const [rowStride, columnStride, batchStride] = layouts[r.size(0, 2)] as readonly [number, number, number];
    const args = [out, b, k, n, rowStride, columnStride, batches, batchStride];
    return { args, units: batches * panelCount(n), outputs: [realOutput(out, count, 0)] };
  },
  gemm: (r) => {
    const large = r.size(0, 3) === 0;
    const [m, n] = [r.size(1, large ? 70 : 13), r.size(1, large ? 40 : 21)];
    const k = large ? r.size(200, 600) : r.size(0, 40);
    const cRow = n + r.size(0, 2);
    const c = r.real(m * cRow);
    const a = r.real(Math.max(1, m * k));
    const strides = r.flag() ? [k, 1] : [1, m];
    const activation = r.size(0, 7);
    const args = [
      ...[c, a, r.real(Math.max(1, packedElements(k, n))), r.maybeReal(n), r.scratch(scratchBytes), m, n, k],
      ...[...strides, cRow, r.flag(), activation, 0.25],
    ];
    return { args, units: stripCount(m), outputs: [realOutput(c, m * cRow, 6, Math.max(2, k / 4))] };
  },
  gemmBatched: (r) => {
    const [batches, m, n, k] = [r.size(1, 5), r.size(1, 13), r.size(1, 21), r.size(1, 40)];
    const c = r.blank(batches * m * n);
    const a = r.real(batches * m * k);
    const strides = r.flag() ? [k, 1, m * k] : [1, m, m * k];
    const args = [c, a, r.real(packedElements(k, n, batches)), r.scratch(scratchBytes), m, n, k, ...strides];
    return { args, units: batches * stripCount(m), outputs: [realOutput(c, batches * m * n, 6, Math.max(2, k / 4))] };
  },
  squaredDistances: (r) => {
    const [rows, centres, columns] = [r.size(1, 9), r.size(1, 5), r.size(1, 19)];
    const out = r.blank(rows * centres);
    const args = [out, r.real(rows * columns), r.real(centres * columns), centres, columns];
    return { args, units: rows, outputs: [realOutput(out, rows * centres, 8)] };
  },
};

const randomGroups = (r: Space): ConvGeometry => {
  const groups = r.size(0, 2) === 0 ? r.size(2, 3) : 1;
  const channels = groups * (r.flag() ? r.size(1, 3) : 4 * r.size(1, 3));
  const [kernelHeight, kernelWidth] = [r.size(1, 4), r.size(1, 3)];
  const [dilationHeight, dilationWidth] = [r.size(1, 2), r.size(1, 2)];
  const [strideHeight, strideWidth] = [r.size(1, 3), r.size(0, 2) === 0 ? 2 : 1];
  const [padTop, padLeft, padBottom, padRight] = [r.size(0, 2), r.size(0, 2), r.size(0, 2), r.size(0, 2)];
  const height = dilationHeight * (kernelHeight - 1) + r.size(1, 7);
  const width = dilationWidth * (kernelWidth - 1) + r.size(1, 9);
  return {
    ...{ batch: r.size(1, 3), height, width, channels, outChannels: groups * r.size(1, 11), groups },
    ...{ kernelHeight, kernelWidth, strideHeight, strideWidth, padTop, padLeft, dilationHeight, dilationWidth },
    outHeight: convOutputSize(height, kernelHeight, strideHeight, padTop + padBottom, dilationHeight),
    outWidth: convOutputSize(width, kernelWidth, strideWidth, padLeft + padRight, dilationWidth),
  };
};

export const pixels = (g: { batch: number; height: number; width: number }): number => g.batch * g.height * g.width;
export const outPixels = (g: { batch: number; outHeight: number; outWidth: number }): number =>
  g.batch * g.outHeight * g.outWidth;

const randomDepthwise = (r: Space): ConvGeometry => {
  const channels = r.flag() ? r.size(2, 9) : r.size(10, 40);
  return { ...randomGroups(r), channels, outChannels: channels, groups: channels };
};

/** One in four with a single channel in and out of each group, which kernels compute in a way of their own. */
export const randomConv = (r: Space): ConvGeometry => (r.size(0, 3) === 0 ? randomDepthwise(r) : randomGroups(r));

export const convolutionCases: CasesOf<ConvolutionKernels> = {
  conv2d: (r) => {
    const g = randomConv(r);
    const count = outPixels(g) * g.outChannels;
    const y = r.blank(count);
    const k = (g.kernelHeight * g.kernelWidth * g.channels) / g.groups;
    const args = [
      ...[y, r.real(pixels(g) * g.channels), r.real(convSizes(g).packedWeights), r.maybeReal(g.outChannels)],
      ...[r.scratch(scratchBytes), r.size(0, 7), 0.25, ...convArguments(g)],
    ];
    return { args, units: convSizes(g).forwardUnits, outputs: [realOutput(y, count, 6, Math.max(2, k / 4))] };
  },
  conv2dInputGrad: (r) => {
    const g = randomConv(r);
    const count = pixels(g) * g.channels;
    const dx = r.blank(count);
    const k = (g.kernelHeight * g.kernelWidth * g.outChannels) / g.groups;
    const args = [
      ...[dx, r.real(outPixels(g) * g.outChannels), r.real(convSizes(g).packedWeightsTransposed)],
      ...[r.scratch(scratchBytes), ...convArguments(g)],
    ];
    return { args, units: convSizes(g).inputGradUnits, outputs: [realOutput(dx, count, 6, Math.max(2, k / 4))] };
  },
  conv2dWeightGrad: (r) => {
    const g = randomConv(r);
    const count = (g.kernelHeight * g.kernelWidth * g.channels * g.outChannels) / g.groups;
    const dw = r.real(count);
    const args = [
      ...[dw, r.real(pixels(g) * g.channels), r.real(convSizes(g).packedOutputGrad)],
      ...[r.scratch(scratchBytes), r.flag(), ...convArguments(g)],
    ];
    return {
      args,
      units: convSizes(g).weightGradUnits,
      outputs: [realOutput(dw, count, 6, Math.max(2, outPixels(g) / 4))],
    };
  },
  depthwiseWeightGrad: (r) => {
    const g = randomDepthwise(r);
    const count = g.kernelHeight * g.kernelWidth * g.channels;
    const dw = r.real(count);
    const args = [
      ...[dw, r.real(pixels(g) * g.channels), r.real(outPixels(g) * g.channels), r.flag()],
      ...convArguments(g),
    ];
    return {
      ...{ args, units: g.kernelHeight * g.channels },
      outputs: [realOutput(dw, count, 6, Math.max(2, outPixels(g) / 4))],
    };
  },
};

const randomPool = (r: Space): PoolGeometry => {
  const [kernelHeight, kernelWidth] = [r.size(1, 4), r.size(1, 4)];
  const [strideHeight, strideWidth] = [r.size(1, 4), r.size(1, 3)];
  const [padTop, padLeft] = [r.size(0, Math.floor(kernelHeight / 2)), r.size(0, Math.floor(kernelWidth / 2))];
  const [height, width] = [kernelHeight + r.size(0, 6), kernelWidth + r.size(0, 6)];
  return {
    ...{ batch: r.size(1, 3), height, width, channels: r.size(1, 9), kernelHeight, kernelWidth },
    ...{ strideHeight, strideWidth, padTop, padLeft },
    outHeight: convOutputSize(height, kernelHeight, strideHeight, 2 * padTop, 1),
    outWidth: convOutputSize(width, kernelWidth, strideWidth, 2 * padLeft, 1),
  };
};

const averageCase =
  (backward: boolean): MakeCase =>
  (r): Case => {
    const g = randomPool(r);
    const [inside, outside] = [pixels(g) * g.channels, outPixels(g) * g.channels];
    const count = backward ? inside : outside;
    const out = r.blank(count);
    const args = [out, r.real(backward ? outside : inside), r.flag(), ...poolArguments(g)];
    return { args, units: count / g.channels, outputs: [realOutput(out, count, 4, 1)] };
  };

export const poolingCases: CasesOf<PoolingKernels> = {
  maxPool2d: (r) => {
    const g = randomPool(r);
    const count = outPixels(g) * g.channels;
    const [y, winners] = [r.blank(count), r.blank(count)];
    const args = [y, winners, r.real(pixels(g) * g.channels), ...poolArguments(g)];
    return { args, units: outPixels(g), outputs: [realOutput(y, count, 0), integerOutput(winners, count)] };
  },
  maxPool2dGrad: (r) => {
    const g = randomPool(r);
    const count = pixels(g) * g.channels;
    const out = outPixels(g) * g.channels;
    const dx = r.blank(count);
    const args = [dx, r.real(out), r.integer(out, 0, g.kernelHeight * g.kernelWidth - 1), ...poolArguments(g)];
    return { args, units: pixels(g), outputs: [realOutput(dx, count, 4, 1)] };
  },
  averagePool2d: averageCase(false),
  averagePool2dGrad: averageCase(true),
  globalAveragePool: (r) => {
    const [samples, size, channels] = [r.size(1, 5), r.size(1, 30), r.size(1, 9)];
    const y = r.blank(samples * channels);
    const args = [y, r.real(samples * size * channels), size, channels];
    return { args, units: samples, outputs: [realOutput(y, samples * channels, 4, 1)] };
  },
  globalAveragePoolGrad: (r) => {
    const [samples, size, channels] = [r.size(1, 5), r.size(1, 30), r.size(1, 9)];
    const dx = r.blank(samples * size * channels);
    const args = [dx, r.real(samples * channels), size, channels];
    return { args, units: samples, outputs: [realOutput(dx, samples * size * channels, 2)] };
  },
};
