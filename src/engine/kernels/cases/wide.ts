import { convArguments, convOutputSize, convSizes } from "../families/convolution.ts";
import { packedElements, scratchBytes, stripCount } from "../families/matrix.ts";
import type { KernelName } from "../interface.ts";
import { type MakeCase, realOutput, type Space } from "./case.ts";

/** Many channels, few pixels: convolutions that are read tap by tap, sums over several blocks, and depthwise convolutions. */
const wideConv = (r: Space) => {
  const depthwise = r.size(0, 2) === 0;
  const groups = depthwise ? r.size(2, 40) : r.size(1, 4) === 1 ? 2 : 1;
  const [channels, outChannels] = depthwise ? [groups, groups] : [groups * r.size(13, 45), groups * r.size(30, 70)];
  const [kernel, stride, pad] = [r.size(1, 3), r.size(1, 2), r.size(0, 1)];
  const [height, width] = [kernel + r.size(0, 12), kernel + r.size(0, 14)];
  return {
    ...{ batch: r.size(1, 3), height, width, channels, outChannels },
    ...{ kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride, groups },
    ...{ padTop: pad, padLeft: pad, dilationHeight: 1, dilationWidth: 1 },
    outHeight: convOutputSize(height, kernel, stride, 2 * pad, 1),
    outWidth: convOutputSize(width, kernel, stride, 2 * pad, 1),
  };
};

/** Larger shapes of kernels that take other ways there, for the comparison of two implementations: their error from the truth is not bounded here. */
export const wideCases: Partial<Record<KernelName, MakeCase>> = {
  gemm: (r) => {
    const [m, n, k] = [r.size(1, 150), r.size(40, 170), r.size(1, 530)];
    const cRow = n + r.size(0, 2);
    const c = r.real(m * cRow);
    const a = r.real(m * k);
    const args = [
      ...[c, a, r.real(packedElements(k, n)), r.maybeReal(n), r.scratch(scratchBytes), m, n, k],
      ...[...(r.flag() ? [k, 1] : [1, m]), cRow, r.flag(), r.size(0, 7), 0.25],
    ];
    return { args, units: stripCount(m), outputs: [realOutput(c, m * cRow, 0)] };
  },
  conv2d: (r) => {
    const g = wideConv(r);
    const count = g.batch * g.outHeight * g.outWidth * g.outChannels;
    const y = r.blank(count);
    const x = r.real(g.batch * g.height * g.width * g.channels);
    const args = [
      ...[y, x, r.real(convSizes(g).packedWeights), r.maybeReal(g.outChannels), r.scratch(scratchBytes), r.size(0, 7)],
      ...[0.25, ...convArguments(g)],
    ];
    return { args, units: convSizes(g).forwardUnits, outputs: [realOutput(y, count, 0)] };
  },
  conv2dInputGrad: (r) => {
    const g = wideConv(r);
    const count = g.batch * g.height * g.width * g.channels;
    const dx = r.blank(count);
    const dy = r.real(g.batch * g.outHeight * g.outWidth * g.outChannels);
    const packed = r.real(convSizes(g).packedWeightsTransposed);
    const args = [dx, dy, packed, r.scratch(scratchBytes), ...convArguments(g)];
    return { args, units: convSizes(g).inputGradUnits, outputs: [realOutput(dx, count, 0)] };
  },
  conv2dWeightGrad: (r) => {
    const g = wideConv(r);
    const count = (g.kernelHeight * g.kernelWidth * g.channels * g.outChannels) / g.groups;
    const dw = r.real(count);
    const x = r.real(g.batch * g.height * g.width * g.channels);
    const args = [dw, x, r.real(convSizes(g).packedOutputGrad), r.scratch(scratchBytes), r.flag(), ...convArguments(g)];
    return { args, units: convSizes(g).weightGradUnits, outputs: [realOutput(dw, count, 0)] };
  },
  depthwiseWeightGrad: (r) => {
    const channels = r.size(2, 75);
    const large = { ...wideConv(r), channels, outChannels: channels, groups: channels };
    // Lines longer than a block, and images too large to be summed one by one.
    const [height, width] = r.size(0, 3) === 0 ? [5, 280 + r.size(0, 20)] : [large.height, large.width];
    const g = {
      ...{ ...large, height, width },
      outHeight: convOutputSize(height, large.kernelHeight, large.strideHeight, 2 * large.padTop, 1),
      outWidth: convOutputSize(width, large.kernelWidth, large.strideWidth, 2 * large.padLeft, 1),
    };
    const count = g.kernelHeight * g.kernelWidth * channels;
    const dw = r.real(count);
    const x = r.real(g.batch * height * width * channels);
    const dy = r.real(g.batch * g.outHeight * g.outWidth * channels);
    const args = [dw, x, dy, r.flag(), ...convArguments(g)];
    return { args, units: g.kernelHeight * channels, outputs: [realOutput(dw, count, 0)] };
  },
};
