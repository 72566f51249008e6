import { axisOf } from "../folding/axes.ts";
import { reducedAxes } from "../folding/fold-shapes.ts";
import { floatOf, intOf, type OnnxNode } from "../graph.ts";
import { nodeProblem } from "../onnx-error.ts";
import { binaryOf } from "./broadcast.ts";
import { addTensor, arranged, byAxes, emit, knownInput, type Laid, type Lowering, laid, setOutput } from "./context.ts";
import { multiplied } from "./dims.ts";
import { axisSize, type Layout, sizeOfAtoms } from "./layout.ts";
import { affine, type Lowerer, powered, squared } from "./lower-elementwise.ts";
import { floats, laidInput, paddedAxis } from "./operands.ts";

/** The sum or mean over axes, which stay with size 1. */
const reducedOver = (l: Lowering, node: OnnxNode, own: Laid, axes: readonly number[], kind: "sum" | "mean"): Laid => {
  const gone = new Set(axes.flatMap((axis) => own.layout.axes[axis]!));
  if (gone.size === 0) return own;
  const places = own.layout.order.flatMap((atom, at) => (gone.has(atom) ? [at] : []));
  const adjacent = places.at(-1)! - places[0]! === places.length - 1;
  const { order } = own.layout;
  const x = adjacent
    ? own
    : arranged(l, own, [...order.filter((atom) => !gone.has(atom)), ...order.filter((atom) => gone.has(atom))]);
  const first = x.layout.order.findIndex((atom) => gone.has(atom));
  const outer = sizeOfAtoms(x.layout, x.layout.order.slice(0, first));
  const size = sizeOfAtoms(x.layout, [...gone]);
  if (size < 0) throw nodeProblem(node, "it adds over the batch");
  const value = emit(l, { op: "reduce", kind, x: x.value, outer, size });
  const layout: Layout = {
    sizes: x.layout.sizes,
    order: x.layout.order.filter((atom) => !gone.has(atom)),
    axes: x.layout.axes.map((atoms, axis) => (axes.includes(axis) ? [] : atoms)),
  };
  return laid(value, layout);
};

const withoutAxes = (x: Laid, axes: readonly number[]): Laid =>
  laid(x.value, { ...x.layout, axes: x.layout.axes.filter((_, axis) => !axes.includes(axis)) });

const reduction =
  (kind: "sum" | "mean"): Lowerer =>
  (l, node) => {
    const x = laidInput(l, node, 0);
    const rank = x.layout.axes.length;
    const stated = reducedAxes(node, knownInput(l, node, 1, "axes")?.tensor);
    if (stated === null && intOf(node, "noop_with_empty_axes", 0) === 1) {
      setOutput(l, node, x);
      return;
    }
    const axes = (stated ?? x.layout.axes.map((_, axis) => axis)).map((axis) => axisOf(axis, rank));
    const reduced = reducedOver(l, node, x, axes, kind);
    setOutput(l, node, intOf(node, "keepdims", 1) === 1 ? reduced : withoutAxes(reduced, axes));
  };

const globalAverage: Lowerer = (l, node) => {
  const x = laidInput(l, node, 0);
  const axes = x.layout.axes.map((_, axis) => axis).slice(2);
  setOutput(l, node, reducedOver(l, node, x, axes, "mean"));
};

/** Memory with these axes innermost, in their order. */
const innermost = (l: Lowering, x: Laid, axes: readonly number[]): Laid => {
  const last = axes.flatMap((axis) => x.layout.axes[axis]!);
  const rest = x.layout.order.filter((atom) => !last.includes(atom));
  return arranged(l, x, [...rest, ...last]);
};

/** Over one axis; before opset 13 over all from it on. */
const softmax =
  (logarithm: boolean): Lowerer =>
  (l, node) => {
    const own = laidInput(l, node, 0);
    const rank = own.layout.axes.length;
    const axis = axisOf(intOf(node, "axis", l.opset < 13 ? 1 : -1), rank);
    const axes = l.opset < 13 ? Array.from({ length: rank - axis }, (_, i) => axis + i) : [axis];
    const x = innermost(l, own, axes);
    const columns = multiplied(axes.map((one) => axisSize(x.layout, one)));
    if (columns < 0) throw nodeProblem(node, "it normalises over the batch");
    setOutput(l, node, laid(emit(l, { op: "softmax", x: x.value, columns, logarithm }), x.layout));
  };

const layerNormalisation: Lowerer = (l, node) => {
  const own = laidInput(l, node, 0);
  const rank = own.layout.axes.length;
  const axis = axisOf(intOf(node, "axis", -1), rank);
  const x = innermost(
    l,
    own,
    Array.from({ length: rank - axis }, (_, i) => axis + i),
  );
  const columns = multiplied(Array.from({ length: rank - axis }, (_, i) => axisSize(x.layout, axis + i)));
  if (columns < 0) throw nodeProblem(node, "it normalises over the batch");
  const part = (index: number, what: string): string | null => {
    const known = knownInput(l, node, index, what);
    if (known === null) return null;
    if (known.tensor.data.length !== columns)
      throw nodeProblem(node, `its ${what} has ${known.tensor.data.length} elements for ${columns}`);
    return addTensor(l, node, what, known, { shape: [columns], data: floats(known.tensor), kind: "offset" });
  };
  const [scale, offset] = [part(1, "weight"), part(2, "bias")];
  const value = emit(l, {
    op: "layerNorm",
    x: x.value,
    columns,
    scale,
    offset,
    epsilon: floatOf(node, "epsilon", 1e-5),
  });
  setOutput(l, node, laid(value, x.layout));
};

/** x / (bias + α/size · Σ x² over neighbouring channels)^β (Krizhevsky et al. 2012) */
const localResponse: Lowerer = (l, node) => {
  const own = laidInput(l, node, 0);
  const rank = own.layout.axes.length;
  const x = byAxes(l, own, [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1]);
  const size = intOf(node, "size", 1);
  const channels = axisSize(x.layout, 1);
  if (size < 1 || size > 65 || channels === 1) throw nodeProblem(node, `it adds over ${size} of ${channels} channels`);
  const before = Math.floor((size - 1) / 2);
  const wide = paddedAxis(l, squared(l, x), 1, before, size - 1 - before, 0);
  const shifted = Array.from({ length: size }, (_, start) =>
    laid(
      emit(l, { op: "slice", x: wide.value, size: channels + size - 1, inner: 1, start, count: channels }),
      x.layout,
    ),
  );
  const sum = shifted.reduce((a, b) => binaryOf(l, node, "add", a, b));
  const base = affine(l, sum, floatOf(node, "alpha", 1e-4) / size, floatOf(node, "bias", 1));
  setOutput(l, node, binaryOf(l, node, "mul", x, powered(l, base, -floatOf(node, "beta", 0.75))));
};

export const reductionLowerers: Readonly<Record<string, Lowerer>> = {
  ReduceMean: reduction("mean"),
  ReduceSum: reduction("sum"),
  GlobalAveragePool: globalAverage,
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
  LayerNormalization: layerNormalisation,
  LRN: localResponse,
};
