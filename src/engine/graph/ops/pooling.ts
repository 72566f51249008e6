import { type PoolGeometry, poolArguments } from "../../kernels/families/pooling.ts";
import { showShape, sizeOf } from "../../tensor/shape.ts";
import type { TensorType } from "../graph.ts";
import { mustFit, onceDifferentiable, op } from "../op.ts";

interface Geometry {
  readonly geometry: PoolGeometry;
}
/** `countPadding`: a window at the edge is divided by its full size (PyTorch's default). */
interface AverageGeometry extends Geometry {
  readonly countPadding: boolean;
}

const outShape = (g: PoolGeometry) => [g.batch, g.outHeight, g.outWidth, g.channels] as const;
const inShape = (g: PoolGeometry) => [g.batch, g.height, g.width, g.channels] as const;
const outPixels = (g: PoolGeometry): number => g.batch * g.outHeight * g.outWidth;
const inPixels = (g: PoolGeometry): number => g.batch * g.height * g.width;
const cost = (_types: object, { geometry: g }: Geometry): number =>
  sizeOf(outShape(g)) * g.kernelHeight * g.kernelWidth;
const fitInput = (x: TensorType, g: PoolGeometry): void =>
  mustFit(String(x.shape) === String(inShape(g)), `${showShape(x.shape)} is not ${showShape(inShape(g))}`);

/** out = the largest element of each window; `winners` remembers which tap it was. The gradient goes to the winner. */
export const maxPool = op("maxPool", {
  inputs: ["x"],
  extras: ["winners"],
  shape: ({ x }, { geometry }: Geometry) => {
    fitInput(x, geometry);
    return { out: { shape: outShape(geometry), dtype: "float" }, winners: { shape: outShape(geometry), dtype: "i32" } };
  },
  forward: ({ k }, { x, out, winners }, { geometry: g }) =>
    k.maxPool2d(out, winners, x, ...poolArguments(g), outPixels(g)),
  vjp: (g, { winners }, { geometry }) => ({ x: maxPoolGradient({ g, winners }, { geometry }).out }),
  cost: (types, attributes) => cost(types, attributes),
});

export const maxPoolGradient = op("maxPoolGradient", {
  inputs: ["g", "winners"],
  shape: (_types, { geometry }: Geometry) => ({ out: { shape: inShape(geometry), dtype: "float" } }),
  forward: ({ k }, { g: dy, winners, out }, { geometry: g }) =>
    k.maxPool2dGrad(out, dy, winners, ...poolArguments(g), inPixels(g)),
  vjp: onceDifferentiable("maxPoolGradient"),
  cost: (types, attributes) => cost(types, attributes),
});

/** out = the mean of each window; the gradient is spread over the window evenly. */
export const averagePool = op("averagePool", {
  inputs: ["x"],
  shape: ({ x }, { geometry }: AverageGeometry) => {
    fitInput(x, geometry);
    return { out: { shape: outShape(geometry), dtype: "float" } };
  },
  forward: ({ k }, { x, out }, { geometry: g, countPadding }) =>
    k.averagePool2d(out, x, Number(countPadding), ...poolArguments(g), outPixels(g)),
  vjp: (g, _values, attributes) => ({ x: averagePoolGradient({ g }, attributes).out }),
  cost: (types, attributes) => cost(types, attributes),
});

export const averagePoolGradient = op("averagePoolGradient", {
  inputs: ["g"],
  shape: (_types, { geometry }: AverageGeometry) => ({ out: { shape: inShape(geometry), dtype: "float" } }),
  forward: ({ k }, { g: dy, out }, { geometry: g, countPadding }) =>
    k.averagePool2dGrad(out, dy, Number(countPadding), ...poolArguments(g), inPixels(g)),
  vjp: onceDifferentiable("averagePoolGradient"),
  cost: (types, attributes) => cost(types, attributes),
});

const pixelsOf = (x: TensorType): number => x.shape[1]! * x.shape[2]!;

/** out[s, c] = the mean of x[s, ·, ·, c]: [batch, height, width, channels] → [batch, channels]. */
export const globalAveragePool = op("globalAveragePool", {
  inputs: ["x"],
  shape: ({ x }) => {
    mustFit(x.shape.length === 4, "global average pooling takes [batch, height, width, channels]");
    return { out: { shape: [x.shape[0]!, x.shape[3]!], dtype: "float" } };
  },
  forward: ({ k }, { x, out }, _attributes, types) =>
    k.globalAveragePool(out, x, pixelsOf(types.x), types.x.shape[3]!, types.x.shape[0]!),
  vjp: (g, { x }) => ({ x: globalAveragePoolGradient({ g }, { height: x.shape[1]!, width: x.shape[2]! }).out }),
  cost: (types) => sizeOf(types.x.shape),
});

export const globalAveragePoolGradient = op("globalAveragePoolGradient", {
  inputs: ["g"],
  shape: ({ g }, { height, width }: { height: number; width: number }) => ({
    out: { shape: [g.shape[0]!, height, width, g.shape[1]!], dtype: "float" },
  }),
  forward: ({ k }, { g, out }, { height, width }, types) =>
    k.globalAveragePoolGrad(out, g, height * width, types.g.shape[1]!, types.g.shape[0]!),
  vjp: onceDifferentiable("globalAveragePoolGradient"),
  cost: (types) => sizeOf(types.out.shape),
});
