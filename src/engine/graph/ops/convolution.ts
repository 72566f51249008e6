import { activationCodes } from "../../kernels/families/activations.ts";
import { type ConvGeometry, convArguments, convSizes, isDepthwise } from "../../kernels/families/convolution.ts";
import { panelCount } from "../../kernels/families/matrix.ts";
import { showShape, sizeOf } from "../../tensor/shape.ts";
import { threadScratch } from "../emitter.ts";
import type { Value } from "../graph.ts";
import { mustFit, onceDifferentiable, op } from "../op.ts";
import { type EpilogueActivation, throughEpilogue } from "./activation.ts";
import { sumRows } from "./reduction.ts";

interface Geometry {
  readonly geometry: ConvGeometry;
}

const taps = (g: ConvGeometry): number => g.kernelHeight * g.kernelWidth;
const inputShape = (g: ConvGeometry) => [g.batch, g.height, g.width, g.channels] as const;
const weightShape = (g: ConvGeometry) =>
  [g.groups, g.kernelHeight, g.kernelWidth, g.channels / g.groups, g.outChannels / g.groups] as const;
const flops = ({ geometry: g }: Geometry): number =>
  2 * g.batch * g.outHeight * g.outWidth * taps(g) * (g.channels / g.groups) * g.outChannels;

/**
 * out = f(x ∗ w + b): x [batch, height, width, channels], w [groups, kernelHeight, kernelWidth, channels/groups, outChannels/groups],
 * out [batch, outHeight, outWidth, outChannels]. An implicit matrix product: patches are packed block by block, never stored as a whole.
 */
export const conv2d = op("conv2d", {
  inputs: ["x", "weight"],
  optional: ["bias"],
  shape: ({ x, weight }, { geometry: g }: Geometry & { activation: EpilogueActivation; slope: number }) => {
    mustFit(String(x.shape) === String(inputShape(g)), `${showShape(x.shape)} is not ${showShape(inputShape(g))}`);
    mustFit(
      String(weight.shape) === String(weightShape(g)),
      `${showShape(weight.shape)} is not ${showShape(weightShape(g))}`,
    );
    return { out: { shape: [g.batch, g.outHeight, g.outWidth, g.outChannels], dtype: "float" } };
  },
  forward: (emit, { x, weight, bias, out }, { geometry: g, activation, slope }) => {
    const sizes = convSizes(g);
    const [k, n] = [(taps(g) * g.channels) / g.groups, g.outChannels / g.groups];
    const packed = emit.scratchFloats(sizes.packedWeights);
    emit.k.packB(packed, weight, k, n, n, 1, g.groups, k * n, g.groups * panelCount(n));
    emit.k.conv2d(
      out,
      x,
      packed,
      bias,
      threadScratch,
      activationCodes[activation],
      slope,
      ...convArguments(g),
      sizes.forwardUnits,
    );
  },
  vjp: (g, { x, weight, bias, out }, { geometry, activation, slope }) => {
    const z = throughEpilogue(g, out, activation, slope);
    return {
      x: conv2dInputGradient({ g: z, weight }, { geometry }).out,
      weight: conv2dWeightGradient({ g: z, x }, { geometry }).out,
      bias: bias && sumRows({ x: z }, {}).out,
    };
  },
  cost: (_types, attributes) => flops(attributes),
});

/** dx: the transposed convolution of g with w, which is a layer too: its gradients are the convolution itself, and its weights' with g and dx in each other's place. */
export const conv2dInputGradient = op("conv2dInputGradient", {
  inputs: ["g", "weight"],
  shape: (_types, { geometry }: Geometry) => ({ out: { shape: inputShape(geometry), dtype: "float" } }),
  forward: (emit, { g: dy, weight, out }, { geometry: g }) => {
    const sizes = convSizes(g);
    const packed = emit.scratchFloats(sizes.packedWeightsTransposed);
    const [k, n] = [g.outChannels / g.groups, (taps(g) * g.channels) / g.groups];
    emit.k.packB(packed, weight, k, n, 1, k, g.groups, k * n, g.groups * panelCount(n));
    emit.k.conv2dInputGrad(out, dy, packed, threadScratch, ...convArguments(g), sizes.inputGradUnits);
  },
  vjp: (d, { g, weight }, { geometry }): { g: Value; weight: Value } => ({
    g: conv2d({ x: d, weight, bias: null }, { geometry, activation: "identity", slope: 0 }).out,
    weight: conv2dWeightGradient({ g, x: d }, { geometry }).out,
  }),
  cost: (_types, attributes) => flops(attributes),
});

/** dw: patches of x, transposed, times g. */
export const conv2dWeightGradient = op("conv2dWeightGradient", {
  inputs: ["g", "x"],
  shape: (_types, { geometry }: Geometry) => ({ out: { shape: weightShape(geometry), dtype: "float" } }),
  forward: (emit, { g: dy, x, out }, { geometry: g }, types) => {
    if (isDepthwise(g))
      return emit.k.depthwiseWeightGrad(out, x, dy, 0, ...convArguments(g), g.kernelHeight * g.channels);
    const sizes = convSizes(g);
    const [k, n] = [sizeOf(types.g.shape) / g.outChannels, g.outChannels / g.groups];
    const packed = emit.scratchFloats(sizes.packedOutputGrad);
    emit.k.packB(packed, dy, k, n, g.outChannels, 1, g.groups, n, g.groups * panelCount(n));
    emit.k.conv2dWeightGrad(out, x, packed, threadScratch, 0, ...convArguments(g), sizes.weightGradUnits);
  },
  vjp: onceDifferentiable("conv2dWeightGradient"),
  cost: (_types, attributes) => flops(attributes),
});
