import { assert } from "../domain/errors.ts";
import type { Value } from "../engine/graph/graph.ts";
import type { EpilogueActivation } from "../engine/graph/ops/activation.ts";
import type { ConvGeometry } from "../engine/kernels/families/convolution.ts";
import type { PoolGeometry } from "../engine/kernels/families/pooling.ts";
import type { Rules } from "./rules.ts";
import { activated } from "./rules-elementwise.ts";

interface Epilogue {
  readonly activation: EpilogueActivation;
  readonly slope: number;
}

/** groups × height × width × in × out to out × in × height × width, as ONNX has them, the groups' outputs one after another. */
const filtersOf = (data: Float32Array, g: ConvGeometry): { dims: number[]; filters: Float32Array } => {
  const [taps, channels, units] = [g.kernelHeight * g.kernelWidth, g.channels / g.groups, g.outChannels / g.groups];
  const filters = new Float32Array(data.length);
  let from = 0;
  for (let group = 0; group < g.groups; group++)
    for (let tap = 0; tap < taps; tap++)
      for (let channel = 0; channel < channels; channel++)
        for (let unit = 0; unit < units; unit++)
          filters[((group * units + unit) * channels + channel) * taps + tap] = data[from++]!;
  return { dims: [g.outChannels, channels, g.kernelHeight, g.kernelWidth], filters };
};

/** Zeros behind the last element that the output's size implies. */
const after = (size: number, span: number, stride: number, before: number, out: number): number => {
  const padding = Math.max(0, (out - 1) * stride + span - size - before);
  assert(Math.floor((size + before + padding - span) / stride) + 1 === out, "padding gives the output's size");
  return padding;
};

const span = (kernel: number, dilation: number): number => dilation * (kernel - 1) + 1;

/** top, left, bottom, right */
const padsOf = (g: PoolGeometry | ConvGeometry): number[] => {
  const [down, across] = "dilationHeight" in g ? [g.dilationHeight, g.dilationWidth] : [1, 1];
  return [
    g.padTop,
    g.padLeft,
    after(g.height, span(g.kernelHeight, down), g.strideHeight, g.padTop, g.outHeight),
    after(g.width, span(g.kernelWidth, across), g.strideWidth, g.padLeft, g.outWidth),
  ];
};

const window = (g: PoolGeometry | ConvGeometry) => ({
  kernel_shape: { ints: [g.kernelHeight, g.kernelWidth] },
  strides: { ints: [g.strideHeight, g.strideWidth] },
  pads: { ints: padsOf(g) },
});

export const layerRules = {
  conv2d: (t, { x, weight, bias, out }, attributes: { geometry: ConvGeometry } & Epilogue) => {
    const { geometry: g } = attributes;
    assert(weight?.source.kind === "leaf", "a convolution's weights are tensors of the model");
    const { dims, filters } = filtersOf(t.tensor(weight), g);
    const inputs = [t.channelsFirst(x!), t.build.constant(dims, filters, weight.source.name)];
    if (bias) inputs.push(t.plain(bias));
    const made = t.build.node("Conv", inputs, {
      ...window(g),
      dilations: { ints: [g.dilationHeight, g.dilationWidth] },
      group: { int: g.groups },
    });
    t.hold(out!, { channelsFirst: activated(t.build, made, attributes.activation, attributes.slope) });
  },
  /** As a layer: a network that leaves answers, and has no gradients. */
  conv2dInputGradient: (t, { g: x, weight, out }, { geometry: g }: { geometry: ConvGeometry }) => {
    assert(weight?.source.kind === "leaf", "a convolution's weights are tensors of the model");
    const { dims, filters } = filtersOf(t.tensor(weight), g);
    const { pads, ...places } = window(g);
    // What the windows do not reach behind: at its end the output has so much more.
    const beyond = (size: number, kernel: number, stride: number, padding: number, small: number): number =>
      size + padding - stride * (small - 1) - kernel;
    const [top, left, bottom, right] = padsOf(g) as [number, number, number, number];
    const down = beyond(g.height, span(g.kernelHeight, g.dilationHeight), g.strideHeight, top + bottom, g.outHeight);
    const across = beyond(g.width, span(g.kernelWidth, g.dilationWidth), g.strideWidth, left + right, g.outWidth);
    const made = t.build.node(
      "ConvTranspose",
      [t.channelsFirst(x!), t.build.constant(dims, filters, weight.source.name)],
      {
        ...places,
        pads,
        output_padding: { ints: [down, across] },
        dilations: { ints: [g.dilationHeight, g.dilationWidth] },
        group: { int: g.groups },
      },
    );
    t.hold(out!, { channelsFirst: made });
  },
  linear: (t, { x, weight, bias, out }, { activation, slope }: Epilogue) => {
    const inputs = [t.plain(x!), t.plain(weight!)];
    if (bias) inputs.push(t.plain(bias));
    t.hold(out!, { plain: activated(t.build, t.build.node("Gemm", inputs), activation, slope) });
  },
  fixedNorm: (t, { x, mean, variance, gamma, beta, out }, a: { epsilon: number } & Epilogue) => {
    const isPicture = x!.shape.length === 4;
    const own = isPicture ? t.channelsFirst(x!) : t.plain(x!);
    const inputs = [own, ...[gamma, beta, mean, variance].map((value) => t.plain(value!))];
    const made = t.build.node("BatchNormalization", inputs, { epsilon: { float: a.epsilon } });
    const value = activated(t.build, made, a.activation, a.slope);
    t.hold(out!, isPicture ? { channelsFirst: value } : { plain: value });
  },
  maxPool: (t, { x, out }, { geometry }: { geometry: PoolGeometry }) => {
    t.hold(out!, { channelsFirst: t.build.node("MaxPool", [t.channelsFirst(x!)], window(geometry)) });
  },
  averagePool: (t, { x, out }, { geometry, countPadding }: { geometry: PoolGeometry; countPadding: boolean }) => {
    const attributes = { ...window(geometry), count_include_pad: { int: Number(countPadding) } };
    t.hold(out!, { channelsFirst: t.build.node("AveragePool", [t.channelsFirst(x!)], attributes) });
  },
  globalAveragePool: (t, { x, out }) => {
    const made = t.build.node("GlobalAveragePool", [t.channelsFirst(x!)]);
    t.hold(out!, { plain: t.build.reshape(made, [-1, out!.shape[1]!]) });
  },
  matmul: (t, { a, b, out }, { transposeA, transposeB }: { transposeA: boolean; transposeB: boolean }) => {
    const attributes = { transA: { int: Number(transposeA) }, transB: { int: Number(transposeB) } };
    t.hold(out!, { plain: t.build.node("Gemm", [t.plain(a!), t.plain(b!)], attributes) });
  },
  batchedMatmul: (t, { a, b, out }, { transposeA, transposeB }: { transposeA: boolean; transposeB: boolean }) => {
    const turned = (value: Value, transpose: boolean): string =>
      transpose ? t.build.node("Transpose", [t.plain(value)], { perm: { ints: [0, 2, 1] } }) : t.plain(value);
    t.hold(out!, { plain: t.build.node("MatMul", [turned(a!, transposeA), turned(b!, transposeB)]) });
  },
} satisfies Rules;
