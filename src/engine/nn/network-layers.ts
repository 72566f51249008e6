import type { NetworkNode } from "../../domain/models/network.ts";
import type { Value } from "../graph/graph.ts";
import type { EpilogueActivation } from "../graph/ops/activation.ts";
import { conv2d, conv2dInputGradient } from "../graph/ops/convolution.ts";
import { add, div, mul, shift, sqrt, square, sub } from "../graph/ops/elementwise.ts";
import { linear } from "../graph/ops/matrix.ts";
import { batchNorm, fixedNorm, trackStatistics } from "../graph/ops/normalisation.ts";
import { summed } from "../graph/ops/rearrangement.ts";
import { reshaped } from "../graph/ops/reshape.ts";
import { type ConvGeometry, convOutputSize } from "../kernels/families/convolution.ts";
import { columnsOf, rowsOf, sizeOf } from "../tensor/shape.ts";
import { leakySlope } from "./activations.ts";
import { dropoutLayer } from "./layers.ts";
import type { Scope } from "./scope.ts";

/** What the nodes of a network are built with. */
export interface Building {
  readonly scope: Scope;
  readonly rows: number;
  value(id: number): Value;
  tensor(name: string): Value;
  layerOf(name: string): string;
  /** Units of the node at this place: its own, or those of a new head. */
  unitsOf(index: number, own: number): number;
}

type NodeOf<Op extends NetworkNode["op"]> = Extract<NetworkNode, { op: Op }>;

const epilogueOf = (node: { readonly epilogue?: EpilogueActivation; readonly slope?: number }) => ({
  activation: node.epilogue ?? ("identity" as const),
  slope: node.slope ?? leakySlope,
});

/** Tells the watch over training of a layer's output. */
const observed = (b: Building, layer: string, value: Value, epilogue: string | undefined): Value => {
  b.scope.activities.push({ layer, value, rectified: epilogue === "relu" });
  return value;
};

const convolution = (b: Building, node: NodeOf<"conv">, index: number): Value => {
  const x = b.value(node.x);
  const [height, width] = node.size;
  const [kernelHeight, kernelWidth] = node.kernel;
  const [strideHeight, strideWidth] = node.stride;
  const [dilationHeight, dilationWidth] = node.dilation;
  const [padTop, padLeft, padBottom, padRight] = node.padding;
  const channels = sizeOf(x.shape) / (b.rows * height * width);
  const geometry: ConvGeometry = {
    batch: b.rows,
    height,
    width,
    channels,
    outHeight: convOutputSize(height, kernelHeight, strideHeight, padTop + padBottom, dilationHeight),
    outWidth: convOutputSize(width, kernelWidth, strideWidth, padLeft + padRight, dilationWidth),
    outChannels: b.unitsOf(index, node.filters),
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    padTop,
    padLeft,
    dilationHeight,
    dilationWidth,
    groups: node.groups,
  };
  const bias = node.bias === null ? null : b.tensor(node.bias);
  const inputs = { x: reshaped(x, [b.rows, height, width, channels]), weight: b.tensor(node.weight), bias };
  const { out } = conv2d(inputs, { geometry, ...epilogueOf(node) });
  return observed(b, b.layerOf(node.weight), out, node.epilogue);
};

const transposedConvolution = (b: Building, node: NodeOf<"transposedConv">): Value => {
  const own = b.value(node.x);
  const [outHeight, outWidth] = node.size;
  const outChannels = sizeOf(own.shape) / (b.rows * outHeight * outWidth);
  const geometry: ConvGeometry = {
    ...{ batch: b.rows, height: node.out[0], width: node.out[1], channels: node.filters },
    ...{ outHeight, outWidth, outChannels, groups: node.groups },
    ...{ kernelHeight: node.kernel[0], kernelWidth: node.kernel[1] },
    ...{ strideHeight: node.stride[0], strideWidth: node.stride[1] },
    ...{ dilationHeight: node.dilation[0], dilationWidth: node.dilation[1] },
    ...{ padTop: node.padding[0], padLeft: node.padding[1] },
  };
  const g = reshaped(own, [b.rows, outHeight, outWidth, outChannels]);
  const { out } = conv2dInputGradient({ g, weight: b.tensor(node.weight) }, { geometry });
  const value =
    node.bias === null
      ? out
      : reshaped(
          add({ a: reshaped(out, [sizeOf(out.shape) / node.filters, node.filters]), b: b.tensor(node.bias) }, {}).out,
          out.shape,
        );
  return observed(b, b.layerOf(node.weight), value, undefined);
};

const product = (b: Building, node: NodeOf<"linear">): Value => {
  const x = b.value(node.x);
  const flat = reshaped(x, [sizeOf(x.shape) / node.inputs, node.inputs]);
  const bias = node.bias === null ? null : b.tensor(node.bias);
  const { out } = linear({ x: flat, weight: b.tensor(node.weight), bias }, epilogueOf(node));
  return observed(b, b.layerOf(node.weight), out, node.epilogue);
};

/** With the mini-batch's statistics in training, with running averages at inference, where the layer is frozen, and where the job requests it. */
const normalisation = (b: Building, node: NodeOf<"batchNorm">): Value => {
  const gamma = b.tensor(node.scale);
  const columns = sizeOf(gamma.shape);
  const own = b.value(node.x);
  const x = columnsOf(own.shape) === columns ? own : reshaped(own, [sizeOf(own.shape) / columns, columns]);
  const [beta, mean, variance] = [b.tensor(node.offset), b.tensor(node.mean), b.tensor(node.variance)];
  const attributes = { epsilon: node.epsilon, ...epilogueOf(node) };
  const { scope } = b;
  if (!scope.training || scope.fixedStatistics || scope.isFrozen(b.layerOf(node.scale))) {
    return fixedNorm({ x, mean, variance, gamma, beta }, attributes).out;
  }
  const batch = batchNorm({ x, gamma, beta }, attributes);
  trackStatistics({ mean, variance }, batch, node.momentum, rowsOf(x.shape));
  return batch.out;
};

/** (x − μ)/√(σ² + ε) · γ + β over the last axis (Ba et al. 2016). */
const layerNormalisation = (b: Building, node: NodeOf<"layerNorm">): Value => {
  const own = b.value(node.x);
  const { columns, epsilon } = node;
  const rows = sizeOf(own.shape) / columns;
  const x = reshaped(own, [rows, columns]);
  const mean = (value: Value): Value =>
    reshaped(summed(value, { times: columns, inner: 1, factor: 1 / columns }), [rows, 1]);
  const centred = sub({ a: x, b: mean(x) }, {}).out;
  const variance = mean(square({ x: centred }, {}).out);
  const deviation = sqrt({ x: shift({ x: variance }, { value: epsilon }).out }, {}).out;
  const normal = div({ a: centred, b: deviation }, {}).out;
  const scaled = node.scale === null ? normal : mul({ a: normal, b: b.tensor(node.scale) }, {}).out;
  return node.offset === null ? scaled : add({ a: scaled, b: b.tensor(node.offset) }, {}).out;
};

export const layerNode = (
  b: Building,
  node: NodeOf<"conv" | "transposedConv" | "linear" | "batchNorm" | "layerNorm" | "dropout">,
  index: number,
): Value => {
  switch (node.op) {
    case "conv":
      return convolution(b, node, index);
    case "transposedConv":
      return transposedConvolution(b, node);
    case "linear":
      return product(b, node);
    case "batchNorm":
      return normalisation(b, node);
    case "layerNorm":
      return layerNormalisation(b, node);
    case "dropout":
      return dropoutLayer(b.scope, b.value(node.x), node.rate);
  }
};
