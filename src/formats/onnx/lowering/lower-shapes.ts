import { axisOf } from "../folding/axes.ts";
import { toSize } from "../folding/batch-size.ts";
import { splitSizes } from "../folding/fold-node.ts";
import { axesOf, shapeOf, sliceOf, sliceRange, squeezedDims, unsqueezedDims } from "../folding/fold-shapes.ts";
import { intOf, intsOf, type OnnxNode } from "../graph.ts";
import { nodeProblem } from "../onnx-error.ts";
import { spreadOver } from "./broadcast.ts";
import {
  byAxes,
  emit,
  entryOf,
  knownInput,
  type Laid,
  type Lowering,
  laid,
  requireKnown,
  rowMajor,
  setOutput,
  sizesOf,
} from "./context.ts";
import { multiplied, quotientOf } from "./dims.ts";
import { axisSize, dimsOf, type Layout, layoutOf, regrouped, sizeOfAtoms, totalOf } from "./layout.ts";
import type { Lowerer } from "./lower-elementwise.ts";
import { laidInput } from "./operands.ts";

/** The same elements under another shape: axes regrouped where they can be, memory in the graph's order otherwise. */
export const reshapedTo = (l: Lowering, x: Laid, dims: readonly number[]): Laid => {
  const layout = regrouped(x.layout, dims, l.newAtom);
  if (layout !== null) return laid(x.value, layout);
  return laid(rowMajor(l, x).value, layoutOf(dims, l.newAtom));
};

/** −1 is what is left, 0 keeps an axis; a batch that the file fixed means the batch. */
const resolvedDims = (l: Lowering, node: OnnxNode, layout: Layout, target: readonly (number | null)[]): number[] => {
  const own = dimsOf(layout);
  const kept = target.map((size, axis) => (size === 0 && intOf(node, "allowzero", 0) === 0 ? (own[axis] ?? 0) : size));
  const attempt = (sizes: readonly (number | null)[]): number[] | null => {
    const known = multiplied(sizes.filter((size) => size !== null));
    const rest = quotientOf(totalOf(layout), known);
    if (rest === null || sizes.filter((size) => size === null).length > 1) return null;
    if (sizes.includes(null)) return sizes.map((size) => size ?? rest);
    return rest === 1 ? sizes.map((size) => size!) : null;
  };
  const fixed = kept[0] === l.fixedBatch && l.fixedBatch !== null ? [-1, ...kept.slice(1)] : null;
  const found = (fixed && totalOf(layout) < 0 ? attempt(fixed) : null) ?? attempt(kept);
  if (found === null || (totalOf(layout) < 0 && found.every((size) => size > 0))) {
    throw nodeProblem(
      node,
      `[${own.join(", ")}] has not as many elements as [${target.map((size) => size ?? -1).join(", ")}]; export it with a dynamic batch`,
    );
  }
  return found;
};

const reshape: Lowerer = (l, node) => {
  const x = laidInput(l, node, 0);
  const target = intsOf(node, "shape") ?? requireKnown(l, node, 1, "shape").tensor.data;
  setOutput(l, node, reshapedTo(l, x, resolvedDims(l, node, x.layout, sizesOf(node, target))));
};

const flatten: Lowerer = (l, node) => {
  const x = laidInput(l, node, 0);
  const dims = dimsOf(x.layout);
  const axis = intOf(node, "axis", 1);
  const at = axis < 0 ? axis + dims.length : axis;
  setOutput(l, node, reshapedTo(l, x, [multiplied(dims.slice(0, at)), multiplied(dims.slice(at))]));
};

const squeeze: Lowerer = (l, node) => {
  const x = laidInput(l, node, 0);
  const axes = axesOf(node, knownInput(l, node, 1, "axes")?.tensor);
  setOutput(l, node, reshapedTo(l, x, squeezedDims(dimsOf(x.layout), axes)));
};

const unsqueeze: Lowerer = (l, node) => {
  const x = laidInput(l, node, 0);
  const axes = axesOf(node, knownInput(l, node, 1, "axes")?.tensor) ?? [];
  setOutput(l, node, reshapedTo(l, x, unsqueezedDims(dimsOf(x.layout), axes)));
};

const transpose: Lowerer = (l, node) => {
  const x = laidInput(l, node, 0);
  const rank = x.layout.axes.length;
  const order = intsOf(node, "perm") ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  if (order.length !== rank || new Set(order).size !== rank)
    throw nodeProblem(node, `its order [${order.join(", ")}] does not fit ${rank} axes`);
  setOutput(l, node, laid(x.value, { ...x.layout, axes: order.map((axis) => x.layout.axes[axis]!) }));
};

/** One axis as one atom, its place in memory that of its first. */
const wholeAxis = (l: Lowering, x: Laid, axis: number): Laid => {
  if (x.layout.axes[axis]!.length <= 1) return x;
  return byAxes(l, x, axesInMemory(x.layout));
};

/** The axes in the order in which memory first meets them. */
const axesInMemory = (layout: Layout): number[] => {
  const first = (axis: number): number =>
    Math.min(...layout.axes[axis]!.map((atom) => layout.order.indexOf(atom)), layout.order.length);
  return layout.axes.map((_, axis) => axis).sort((a, b) => first(a) - first(b) || a - b);
};

/** `count` entries of an axis from `start` on. */
const sliced = (l: Lowering, node: OnnxNode, own: Laid, axis: number, start: number, count: number): Laid => {
  const size = axisSize(own.layout, axis);
  if (start === 0 && count === size) return own;
  if (size < 0) throw nodeProblem(node, "it takes a part of the batch");
  if (count < 1) throw nodeProblem(node, `nothing is left of its axis ${axis}`);
  const x = wholeAxis(l, own, axis);
  const [atom] = x.layout.axes[axis]! as [number];
  const at = x.layout.order.indexOf(atom);
  const inner = sizeOfAtoms(x.layout, x.layout.order.slice(at + 1));
  const value = emit(l, { op: "slice", x: x.value, size, inner, start, count });
  const sizes = new Map(x.layout.sizes);
  const fresh = count === 1 ? [] : [l.newAtom()];
  for (const made of fresh) sizes.set(made, count);
  const replace = (atoms: readonly number[]): number[] => atoms.flatMap((one) => (one === atom ? fresh : [one]));
  return laid(value, { sizes, order: replace(x.layout.order), axes: x.layout.axes.map(replace) });
};

const slice: Lowerer = (l, node) => {
  let x = laidInput(l, node, 0);
  const inputs = node.inputs.map((_, i) => (i === 0 ? undefined : knownInput(l, node, i, "bounds")?.tensor));
  const cuts = sliceOf(node, inputs, x.layout.axes.length);
  if (cuts === null) throw nodeProblem(node, "its starts and ends do not go together");
  for (const { axis, start, end, step } of cuts) {
    const size = axisSize(x.layout, axis);
    if (step !== 1) throw nodeProblem(node, `it takes every ${step}th entry; only neighbours can be taken`);
    const { first, count } = sliceRange(toSize(size), start, end, 1);
    x = sliced(l, node, x, axis, first, count === toSize(size) ? size : count);
  }
  setOutput(l, node, x);
};

const split: Lowerer = (l, node) => {
  const x = laidInput(l, node, 0);
  const axis = axisOf(intOf(node, "axis", 0), x.layout.axes.length);
  let start = 0;
  for (const [i, count] of splitSizes(
    node,
    axisSize(x.layout, axis),
    knownInput(l, node, 1, "sizes")?.tensor,
  ).entries()) {
    setOutput(l, node, sliced(l, node, x, axis, start, count), i);
    start += count;
  }
};

const gather: Lowerer = (l, node) => {
  const x = laidInput(l, node, 0);
  const axis = axisOf(intOf(node, "axis", 0), x.layout.axes.length);
  const { dims, data } = requireKnown(l, node, 1, "indices").tensor;
  const size = axisSize(x.layout, axis);
  const indices = [...data].map((index) => (index < 0 ? index + size : index));
  const start = indices[0] ?? -1;
  if (dims.length > 1 || start < 0 || indices.some((index, i) => index !== start + i || index >= size)) {
    throw nodeProblem(node, "it takes entries that are no neighbours; only constant, neighbouring indices can be used");
  }
  const part = sliced(l, node, x, axis, start, indices.length);
  const axes = part.layout.axes.filter((_, i) => dims.length > 0 || i !== axis);
  setOutput(l, node, laid(part.value, { ...part.layout, axes }));
};

/** Pairs side by side, then pairs of those: each element is moved a few times however many parts there are. */
const concatenated = (l: Lowering, values: readonly number[], widths: readonly number[]): number => {
  if (values.length <= 2) return emit(l, { op: "concat", values, widths });
  const half = Math.ceil(values.length / 2);
  const sum = (parts: readonly number[]): number => parts.reduce((a, b) => a + b, 0);
  const side = (part: readonly number[], own: readonly number[]): number =>
    part.length === 1 ? part[0]! : concatenated(l, part, own);
  const [left, right] = [
    side(values.slice(0, half), widths.slice(0, half)),
    side(values.slice(half), widths.slice(half)),
  ];
  return emit(l, {
    op: "concat",
    values: [left, right],
    widths: [sum(widths.slice(0, half)), sum(widths.slice(half))],
  });
};

const concat: Lowerer = (l, node) => {
  const parts = node.inputs.map((_, i) => laidInput(l, node, i));
  const first = parts.find(({ layout }) => totalOf(layout) < 0) ?? parts[0]!;
  const rank = first.layout.axes.length;
  const axis = axisOf(intOf(node, "axis", 0), rank);
  // An axis of size 1 has no place in memory: it goes where channels of images are, or stays in order.
  const order = axesInMemory(first.layout).filter((own) => first.layout.axes[own]!.length > 0 || own !== axis);
  if (!order.includes(axis)) order.splice(order.filter((own) => own < axis).length, 0, axis);
  const dims = dimsOf(first.layout);
  const moved = parts.map((part) => {
    const own = dimsOf(part.layout);
    if (own.length !== rank || own.some((size, i) => i !== axis && size !== dims[i])) {
      throw nodeProblem(node, `[${own.join(", ")}] does not stand beside [${dims.join(", ")}]`);
    }
    return byAxes(l, part, order);
  });
  const inner = multiplied(order.slice(order.indexOf(axis) + 1).map((own) => dims[own]!));
  if (inner < 0 || axisSize(first.layout, axis) < 0) throw nodeProblem(node, "it joins parts of the batch");
  const sizes = moved.map(({ layout }) => axisSize(layout, axis));
  const widths = sizes.map((size) => size * inner);
  const value =
    moved.length === 1
      ? moved[0]!.value
      : concatenated(
          l,
          moved.map((part) => part.value),
          widths,
        );
  const total = sizes.reduce((a, b) => a + b, 0);
  setOutput(
    l,
    node,
    laid(
      value,
      layoutOf(
        dims.map((size, i) => (i === axis ? total : size)),
        l.newAtom,
        order,
      ),
    ),
  );
};

/** Only an axis of one element repeats; a batch that the file fixed is the batch. */
const requireSame = (l: Lowering, node: OnnxNode, size: number, wanted: number): void => {
  if (wanted === 1 || wanted === size || (size === -1 && wanted === l.fixedBatch)) return;
  throw nodeProblem(node, `it repeats an axis of ${size === -1 ? "the batch" : size} to ${wanted}`);
};

const expand: Lowerer = (l, node) => {
  const own = laidInput(l, node, 0);
  const target = sizesOf(node, requireKnown(l, node, 1, "shape").tensor.data);
  const rank = Math.max(own.layout.axes.length, target.length);
  const lead = Array.from({ length: rank - own.layout.axes.length }, () => [] as number[]);
  const x = laid(own.value, { ...own.layout, axes: [...lead, ...own.layout.axes] });
  const sizes = new Map(x.layout.sizes);
  const axes = x.layout.axes.map((atoms, axis) => {
    const wanted = target[axis - rank + target.length] ?? 1;
    if (atoms.length > 0) requireSame(l, node, axisSize(x.layout, axis), wanted);
    if (atoms.length > 0 || wanted === 1) return atoms;
    const atom = l.newAtom();
    sizes.set(atom, wanted);
    return [atom];
  });
  setOutput(l, node, spreadOver(l, x, { sizes, axes, order: axes.flat() }));
};

const shape: Lowerer = (l, node) => {
  const entry = entryOf(l, node, 0);
  const { layout } = entry.kind === "laid" ? entry : laidInput(l, node, 0);
  setOutput(l, node, { kind: "known", source: null, tensor: shapeOf(node, dimsOf(layout).map(toSize)) });
};

const sizeOf: Lowerer = (l, node) => {
  const total = toSize(totalOf(laidInput(l, node, 0).layout));
  setOutput(l, node, {
    kind: "known",
    source: null,
    tensor: { dims: [], kind: "integer", data: Float64Array.of(total) },
  });
};

export const shapeLowerers: Readonly<Record<string, Lowerer>> = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Slice: slice,
  Split: split,
  Gather: gather,
  Concat: concat,
  Expand: expand,
  Shape: shape,
  Size: sizeOf,
  Cast: (l, node) => {
    const to = intOf(node, "to", 1);
    // Single, half and double precision are one here.
    if (![1, 10, 11, 16].includes(to)) throw nodeProblem(node, "it makes whole numbers of what the network computes");
    setOutput(l, node, entryOf(l, node, 0));
  },
  CastLike: (l, node) => setOutput(l, node, entryOf(l, node, 0)),
};
