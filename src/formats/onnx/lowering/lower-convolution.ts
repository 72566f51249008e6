import type { Padding } from "../../../domain/models/network.ts";
import { transposed } from "../folding/fold-shapes.ts";
import { floatOf, intOf, intsOf, type OnnxNode, stringOf } from "../graph.ts";
import { nodeProblem } from "../onnx-error.ts";
import {
  addTensor,
  byAxes,
  emit,
  entryOf,
  type Known,
  knownInput,
  type Laid,
  type Lowering,
  laid,
  requireKnown,
  setOutput,
} from "./context.ts";
import { axisSize, dimsOf, layoutOf } from "./layout.ts";
import type { Lowerer } from "./lower-elementwise.ts";
import { floats, laidInput, paddedAxis, plainDims } from "./operands.ts";
import { type Pair, paddingOf, pairOf, windowsAlong } from "./windows.ts";

/** An image: batch, height and width, channels last in memory. A signal is an image of one row. */
interface Image {
  readonly x: Laid;
  readonly size: Pair;
  readonly channels: number;
  /** 1 for signals, 2 for images. */
  readonly axes: number;
}

export const imageOf = (l: Lowering, node: OnnxNode, own: Laid): Image => {
  const rank = own.layout.axes.length;
  if (rank !== 3 && rank !== 4)
    throw nodeProblem(node, `its input has ${rank} axes; signals of 3 and images of 4 can be used`);
  const x = byAxes(l, own, rank === 4 ? [0, 2, 3, 1] : [0, 2, 1]);
  const dims = dimsOf(x.layout);
  if (dims[0] !== -1) throw nodeProblem(node, `its input's first axis is ${dims[0]}, not the batch`);
  const size: Pair = rank === 4 ? [dims[2]!, dims[3]!] : [1, dims[2]!];
  if (size.some((one) => one < 0) || dims[1]! < 0)
    throw nodeProblem(node, "an axis other than the first depends on the batch");
  return { x, size, channels: dims[1]!, axes: rank - 2 };
};

/** The layout of an image that a node makes. */
export const imageLayout = (l: Lowering, axes: number, channels: number, size: Pair) =>
  axes === 2
    ? layoutOf([-1, channels, ...size], l.newAtom, [0, 2, 3, 1])
    : layoutOf([-1, channels, size[1]], l.newAtom, [0, 2, 1]);

/** [out, in/groups, h, w] → [groups, h, w, in/groups, out/groups]; of a transposed convolution in and out are exchanged. */
const weightData = (known: Known, dims: readonly number[], groups: number): Float32Array => {
  const [out, inner, height, width] = dims as [number, number, number, number];
  const split = { ...known.tensor, dims: [groups, out / groups, inner, height, width] };
  return floats(transposed(split, [0, 3, 4, 2, 1]));
};

/** A weight's four axes: a signal's has a height of 1. */
export const weightDims = (node: OnnxNode, known: Known, axes: number): number[] => {
  const own = plainDims(node, known.tensor.dims);
  if (own.length !== axes + 2) throw nodeProblem(node, `its weight has ${own.length} axes, its input ${axes + 2}`);
  return axes === 2 ? own : [own[0]!, own[1]!, 1, own[2]!];
};

/** The tensors of a convolution, transposed or not: its weight, of `dims` in the file, and its bias, if it has one. */
export const weightAndBias = (
  l: Lowering,
  node: OnnxNode,
  known: Known,
  { dims, groups, filters }: { dims: readonly number[]; groups: number; filters: number },
): { weight: string; bias: string | null } => {
  const weight = addTensor(l, node, "weight", known, {
    shape: [groups, dims[2]!, dims[3]!, dims[1]!, dims[0]! / groups],
    data: weightData(known, dims, groups),
    kind: "weight",
  });
  const offset = knownInput(l, node, 2, "bias");
  const bias =
    offset && addTensor(l, node, "bias", offset, { shape: [filters], data: floats(offset.tensor), kind: "offset" });
  return { weight, bias };
};

const convolution: Lowerer = (l, node) => {
  const entry = entryOf(l, node, 0);
  const before = entry.kind === "padded" ? entry.padding : ([0, 0, 0, 0] as const);
  const image = imageOf(l, node, entry.kind === "padded" ? entry.x : laidInput(l, node, 0));
  const known = requireKnown(l, node, 1, "weight");
  const dims = weightDims(node, known, image.axes);
  const groups = intOf(node, "group", 1);
  if (dims[0]! % groups !== 0 || dims[1]! * groups !== image.channels) {
    throw nodeProblem(
      node,
      `its weight [${known.tensor.dims.join(", ")}] in ${groups} groups does not fit ${image.channels} channels`,
    );
  }
  const kernel: Pair = [dims[2]!, dims[3]!];
  const [stride, dilation] = [pairOf(node, "strides", image.axes, 1), pairOf(node, "dilations", image.axes, 1)];
  const stated = paddingOf(node, image.axes, image.size, kernel, stride, dilation);
  const padding = stated.map((pad, i) => pad + before[i]!) as unknown as Padding;
  const out = ([0, 1] as const).map((at) => {
    const span = dilation[at] * (kernel[at] - 1) + 1;
    const count = Math.floor((image.size[at] + padding[at]! + padding[at + 2]! - span) / stride[at]) + 1;
    if (count < 1) throw nodeProblem(node, `a window of ${span} does not fit into ${image.size[at]}`);
    return count;
  }) as unknown as Pair;
  const filters = dims[0]!;
  const value = emit(l, {
    ...{ op: "conv", x: image.x.value, size: image.size, kernel, stride, padding, dilation, groups },
    ...{ filters, ...weightAndBias(l, node, known, { dims, groups, filters }) },
  });
  setOutput(l, node, laid(value, imageLayout(l, image.axes, filters, out)));
};

const pool =
  (kind: "maxPool" | "averagePool"): Lowerer =>
  (l, node) => {
    if (node.outputs.length > 1 && node.outputs[1] !== "")
      throw nodeProblem(node, "its second output, the indices, cannot be used");
    let image = imageOf(l, node, laidInput(l, node, 0));
    const kernel = pairOf(node, "kernel_shape", image.axes, 1);
    const stride = pairOf(node, "strides", image.axes, 1);
    const dilation = pairOf(node, "dilations", image.axes, 1);
    if (dilation.some((step) => step !== 1))
      throw nodeProblem(node, "its windows have gaps (dilations), which pooling here has not");
    let padding = paddingOf(node, image.axes, image.size, kernel, stride, dilation);
    const out = ([0, 1] as const).map((at) =>
      windowsAlong(node, image.size[at], kernel[at], stride[at], padding[at]!, padding[at + 2]!),
    ) as unknown as Pair;
    let countPadding = kind === "averagePool" && intOf(node, "count_include_pad", 0) === 1;
    const overhangs = ([0, 1] as const).some(
      (at) => (out[at] - 1) * stride[at] + kernel[at] > image.size[at] + padding[at]! + padding[at + 2]!,
    );
    if (countPadding && overhangs) {
      // Beyond the padding nothing is counted: the padding becomes part of the image.
      const [top, left, bottom, right] = padding;
      const tall = image.axes === 2 ? paddedAxis(l, image.x, 2, top, bottom, 0) : image.x;
      image = imageOf(l, node, paddedAxis(l, tall, image.axes + 1, left, right, 0));
      [padding, countPadding] = [[0, 0, 0, 0], false];
    }
    const window = { x: image.x.value, size: image.size, kernel, stride, padding, out };
    const value =
      kind === "maxPool"
        ? emit(l, { op: "maxPool", ...window })
        : emit(l, { op: "averagePool", ...window, countPadding });
    setOutput(l, node, laid(value, imageLayout(l, image.axes, image.channels, out)));
  };

const globalMax: Lowerer = (l, node) => {
  const { x, size, channels, axes } = imageOf(l, node, laidInput(l, node, 0));
  const value = emit(l, {
    op: "maxPool",
    x: x.value,
    size,
    kernel: size,
    stride: [1, 1],
    padding: [0, 0, 0, 0],
    out: [1, 1],
  });
  setOutput(l, node, laid(value, imageLayout(l, axes, channels, [1, 1])));
};

/** Padding amounts by axis: attributes before opset 11, inputs since. */
const padAmounts = (l: Lowering, node: OnnxNode, rank: number): { before: number; after: number }[] => {
  const stated = intsOf(node, "pads") ?? [...requireKnown(l, node, 1, "pads").tensor.data];
  const axes = knownInput(l, node, 3, "axes");
  const named =
    axes === null
      ? Array.from({ length: rank }, (_, axis) => axis)
      : [...axes.tensor.data].map((axis) => (axis < 0 ? axis + rank : axis));
  if (stated.length !== 2 * named.length)
    throw nodeProblem(node, `its pads [${stated.join(", ")}] do not fit ${named.length} axes`);
  const amounts = Array.from({ length: rank }, () => ({ before: 0, after: 0 }));
  for (const [i, axis] of named.entries()) amounts[axis] = { before: stated[i]!, after: stated[i + named.length]! };
  if (stated.some((amount) => !Number.isInteger(amount) || amount < 0 || amount > 65_536)) {
    throw nodeProblem(node, `its pads [${stated.join(", ")}] cannot be used; they must be whole and not below 0`);
  }
  return amounts;
};

const pad: Lowerer = (l, node) => {
  const x = laidInput(l, node, 0);
  const amounts = padAmounts(l, node, x.layout.axes.length);
  if (amounts.every(({ before, after }) => before === 0 && after === 0)) {
    setOutput(l, node, x);
    return;
  }
  const mode = stringOf(node, "mode", "constant");
  if (mode !== "constant")
    throw nodeProblem(node, `it pads by ${JSON.stringify(mode)}; only constant padding can be used`);
  const fill = floatOf(node, "value", knownInput(l, node, 2, "value")?.tensor.data[0] ?? 0);
  const [batch, channels, height, width] = amounts;
  const aroundImage = amounts.length === 4 && [batch, channels].every((one) => one?.before === 0 && one.after === 0);
  if (fill === 0 && aroundImage) {
    setOutput(l, node, { kind: "padded", x, padding: [height!.before, width!.before, height!.after, width!.after] });
    return;
  }
  let value = x;
  for (const [axis, { before, after }] of amounts.entries()) {
    if ((before > 0 || after > 0) && axisSize(x.layout, axis) < 0) throw nodeProblem(node, "it pads the batch");
    const whole =
      axis === 0
        ? value
        : byAxes(
            l,
            value,
            [0, ...value.layout.axes.keys()].filter((own, i, all) => all.indexOf(own) === i),
          );
    value = paddedAxis(l, before > 0 || after > 0 ? whole : value, axis, before, after, fill);
  }
  setOutput(l, node, value);
};

const batchNormalisation: Lowerer = (l, node) => {
  const own = laidInput(l, node, 0);
  const rank = own.layout.axes.length;
  const x = byAxes(l, own, [
    0,
    ...Array.from({ length: Math.max(0, rank - 2) }, (_, i) => i + 2),
    ...(rank > 1 ? [1] : []),
  ]);
  const channels = axisSize(x.layout, 1);
  const part = (index: number, what: string, kind: "offset" | "statistic"): string => {
    const known = requireKnown(l, node, index, what);
    if (known.tensor.data.length !== channels)
      throw nodeProblem(node, `its ${what} has ${known.tensor.data.length} elements for ${channels} channels`);
    return addTensor(l, node, what, known, { shape: [channels], data: floats(known.tensor), kind });
  };
  const value = emit(l, {
    op: "batchNorm",
    x: x.value,
    scale: part(1, "weight", "offset"),
    offset: part(2, "bias", "offset"),
    mean: part(3, "running_mean", "statistic"),
    variance: part(4, "running_var", "statistic"),
    epsilon: floatOf(node, "epsilon", 1e-5),
    // ONNX weighs the old average, PyTorch the new batch.
    momentum: 1 - floatOf(node, "momentum", 0.9),
  });
  setOutput(l, node, laid(value, x.layout));
};

export const convolutionLowerers: Readonly<Record<string, Lowerer>> = {
  Conv: convolution,
  MaxPool: pool("maxPool"),
  AveragePool: pool("averagePool"),
  GlobalMaxPool: globalMax,
  Pad: pad,
  BatchNormalization: batchNormalisation,
};
