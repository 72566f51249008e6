import type { ModelSpec } from "../../domain/jobs/spec/model-spec.ts";
import type { CnnLayer } from "../../domain/jobs/spec/parts/cnn-layer.ts";
import type { Value } from "../graph/graph.ts";
import { concat } from "../graph/ops/columns.ts";
import { conv2d } from "../graph/ops/convolution.ts";
import { add } from "../graph/ops/elementwise.ts";
import { averagePool, globalAveragePool, maxPool } from "../graph/ops/pooling.ts";
import { reshaped } from "../graph/ops/reshape.ts";
import { type ConvGeometry, convOutputSize } from "../kernels/families/convolution.ts";
import type { PoolGeometry } from "../kernels/families/pooling.ts";
import { sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import { leakySlope } from "./activations.ts";
import { ModelShapeError } from "./errors.ts";
import { constantInitial, initialOf } from "./initializers.ts";
import { batchNormOf, dense, dropoutLayer, finished, parameter } from "./layers.ts";
import type { Scope } from "./scope.ts";

type CnnSpec = Extract<ModelSpec, { type: "cnn" }>;
type LayerOf<Type extends CnnLayer["type"]> = Extract<CnnLayer, { type: Type }>;
type Pair = number | readonly [number, number];

/** Where a layer stands: its name in weights and its pointer in the specification. */
interface Position {
  readonly name: string;
  readonly pointer: string;
}

const both = (pair: Pair): readonly [number, number] => (typeof pair === "number" ? [pair, pair] : pair);

/** Rows of features seen as images: the size that the specification states, or a square of one channel. */
const imageShape = (spec: CnnSpec, inputs: number): readonly [number, number, number] => {
  if (spec.input) {
    const { height, width, channels } = spec.input;
    if (height * width * channels === inputs) return [height, width, channels];
    throw new ModelShapeError(
      "/model/input",
      `${height}×${width}×${channels} is ${height * width * channels} features, the data has ${inputs}`,
    );
  }
  const side = Math.round(Math.sqrt(inputs));
  if (side * side === inputs) return [side, side, 1];
  throw new ModelShapeError("/model/input", `${inputs} features are no square image: state height, width and channels`);
};

const imageOf = (x: Value, at: Position): readonly [number, number, number, number] => {
  if (x.shape.length === 4) return x.shape as readonly [number, number, number, number];
  throw new ModelShapeError(at.pointer, "an image layer cannot follow a dense or global layer");
};

/** Padding before the first element and the output's size along one axis; "same" gives ⌈size / stride⌉, the odd element of padding at the end. */
const axis = (
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
  padding: "same" | "valid" | number,
  at: Position,
) => {
  const span = dilation * (kernel - 1) + 1;
  const wanted = Math.ceil(size / stride);
  const total =
    padding === "same" ? Math.max(0, (wanted - 1) * stride + span - size) : padding === "valid" ? 0 : 2 * padding;
  const out = convOutputSize(size, kernel, stride, total, dilation);
  if (out < 1)
    throw new ModelShapeError(at.pointer, `a window of ${span} does not fit into ${size} with padding ${total}`);
  return { before: Math.floor(total / 2), out };
};

const convolution = (scope: Scope, at: Position, x: Value, layer: LayerOf<"conv2d">, spec: CnnSpec): Value => {
  const [batch, height, width, channels] = imageOf(x, at);
  const [kernelHeight, kernelWidth] = both(layer.kernel);
  const [strideHeight, strideWidth] = both(layer.stride);
  const [dilationHeight, dilationWidth] = both(layer.dilation);
  const { groups, filters } = layer;
  if (channels % groups !== 0 || filters % groups !== 0) {
    throw new ModelShapeError(
      `${at.pointer}/groups`,
      `${groups} groups do not divide ${channels} channels and ${filters} filters`,
    );
  }
  const vertical = axis(height, kernelHeight, strideHeight, dilationHeight, layer.padding, at);
  const horizontal = axis(width, kernelWidth, strideWidth, dilationWidth, layer.padding, at);
  const geometry: ConvGeometry = {
    batch,
    height,
    width,
    channels,
    outHeight: vertical.out,
    outWidth: horizontal.out,
    outChannels: filters,
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    padTop: vertical.before,
    padLeft: horizontal.before,
    dilationHeight,
    dilationWidth,
    groups,
  };
  const taps = kernelHeight * kernelWidth;
  const shape = [groups, kernelHeight, kernelWidth, channels / groups, filters / groups];
  const initial = initialOf(spec.initializer, (taps * channels) / groups, (taps * filters) / groups);
  const weight = parameter(scope, at.name, "weight", shape, initial);
  const bias = parameter(scope, at.name, "bias", [filters], constantInitial(0));
  const options = {
    activation: layer.activation,
    initializer: spec.initializer,
    batchNorm: batchNormOf(layer.batchNorm),
  };
  return finished(
    scope,
    at.name,
    options,
    (activation) => conv2d({ x, weight, bias }, { geometry, activation, slope: leakySlope }).out,
  );
};

const pool = (at: Position, x: Value, layer: LayerOf<"max_pool" | "average_pool">): Value => {
  const [batch, height, width, channels] = imageOf(x, at);
  const [kernelHeight, kernelWidth] = both(layer.size);
  const [strideHeight, strideWidth] = both(layer.stride ?? layer.size);
  if (2 * layer.padding > Math.min(kernelHeight, kernelWidth)) {
    throw new ModelShapeError(`${at.pointer}/padding`, "padding is at most half the window");
  }
  const vertical = axis(height, kernelHeight, strideHeight, 1, layer.padding, at);
  const horizontal = axis(width, kernelWidth, strideWidth, 1, layer.padding, at);
  const geometry: PoolGeometry = {
    batch,
    height,
    width,
    channels,
    outHeight: vertical.out,
    outWidth: horizontal.out,
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    padTop: layer.padding,
    padLeft: layer.padding,
  };
  return layer.type === "max_pool"
    ? maxPool({ x }, { geometry }).out
    : averagePool({ x }, { geometry, countPadding: true }).out;
};

/** [batch, …] → [batch, features] */
const flattened = (x: Value): Value => reshaped(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]);

const residual = (scope: Scope, at: Position, x: Value, layer: LayerOf<"residual">, spec: CnnSpec): Value => {
  const branch = sequence(scope, at, "layers", x, layer.layers, spec);
  if (!sameShape(branch.shape, x.shape)) {
    throw new ModelShapeError(
      at.pointer,
      `the residual branch turns ${showShape(x.shape.slice(1))} into ${showShape(branch.shape.slice(1))}`,
    );
  }
  return add({ a: x, b: branch }, {}).out;
};

const concatenation = (scope: Scope, at: Position, x: Value, layer: LayerOf<"concat">, spec: CnnSpec): Value => {
  const branches = layer.branches.map((layers, index) => sequence(scope, at, `branches.${index}`, x, layers, spec));
  const sizes = new Set(branches.map((branch) => String(branch.shape.slice(0, -1))));
  if (sizes.size > 1) throw new ModelShapeError(at.pointer, "the branches' heights and widths differ");
  return branches.reduce((a, b) => concat({ a, b }, {}).out);
};

const layerValue = (scope: Scope, at: Position, x: Value, layer: CnnLayer, spec: CnnSpec): Value => {
  switch (layer.type) {
    case "conv2d":
      return convolution(scope, at, x, layer, spec);
    case "max_pool":
    case "average_pool":
      return pool(at, x, layer);
    case "global_average_pool":
      imageOf(x, at);
      return globalAveragePool({ x }, {}).out;
    case "dropout":
      return dropoutLayer(scope, x, layer.rate);
    case "dense": {
      const options = {
        activation: layer.activation,
        initializer: spec.initializer,
        batchNorm: batchNormOf(layer.batchNorm),
      };
      return dense(scope, at.name, flattened(x), layer.units, options);
    }
    case "residual":
      return residual(scope, at, x, layer, spec);
    case "concat":
      return concatenation(scope, at, x, layer, spec);
  }
};

/** Layers one after another: `layers.0`, or within a block `layers.3.branches.1.0`. */
const sequence = (
  scope: Scope,
  at: Position,
  part: string,
  x: Value,
  layers: readonly CnnLayer[],
  spec: CnnSpec,
): Value => {
  const prefix = at.name === "" ? part : `${at.name}.${part}`;
  const pointer = `${at.pointer}/${part.replace(".", "/")}`;
  return layers.reduce(
    (input, layer, index) =>
      layerValue(scope, { name: `${prefix}.${index}`, pointer: `${pointer}/${index}` }, input, layer, spec),
    x,
  );
};

/** The layers of a CNN on x [rows, height·width·channels], flattened for the output layer. */
export const convolutional = (scope: Scope, x: Value, spec: CnnSpec): Value => {
  const image = reshaped(x, [x.shape[0]!, ...imageShape(spec, x.shape[1]!)]);
  return flattened(sequence(scope, { name: "", pointer: "/model" }, "layers", image, spec.layers, spec));
};
