import { toDim } from "../folding/batch-size.ts";
import { transposed } from "../folding/fold-shapes.ts";
import type { OnnxNode } from "../graph.ts";
import { nodeProblem } from "../onnx-error.ts";
import type { ConstantTensor } from "../wire/tensor-values.ts";
import { addTensor, type Entry, emit, entryOf, type Known, type Laid, type Lowering, laid } from "./context.ts";
import { type Layout, layoutOf, sizeOfAtoms } from "./layout.ts";

export const floats = (x: ConstantTensor): Float32Array =>
  x.data instanceof Float32Array ? x.data : Float32Array.from(x.data);

/** Axes of a constant; one of the batch is no constant. */
export const plainDims = (node: OnnxNode, dims: readonly number[]): number[] =>
  dims.map((size) => {
    const dim = toDim(size);
    if (dim === null || dim < 0)
      throw nodeProblem(node, "a constant of it has the batch as an axis, which cannot be followed");
    return dim;
  });

/** Zeros around an image, as nodes of their own: for whoever cannot take them over. */
export const solid = (l: Lowering, node: OnnxNode, entry: Entry): Laid => {
  if (entry.kind === "laid") return entry;
  // A class token is learnt, though it stands before everything else.
  if (entry.kind === "known") return asValue(l, node, entry, isLearnt(l, entry, null));
  const [top, left, bottom, right] = entry.padding;
  const vertical = paddedAxis(l, entry.x, 2, top, bottom, 0);
  return paddedAxis(l, vertical, 3, left, right, 0);
};

/** More entries of `fill` before and after an axis. */
export const paddedAxis = (l: Lowering, x: Laid, axis: number, before: number, after: number, fill: number): Laid => {
  if (before === 0 && after === 0) return x;
  const { layout } = x;
  const [atom] = layout.axes[axis]!;
  const size = atom === undefined ? 1 : layout.sizes.get(atom)!;
  const at = atom === undefined ? 0 : layout.order.indexOf(atom);
  // An axis of size 1 gets its atom in front of memory's last axis, where channels stay last.
  const place = atom === undefined ? Math.max(0, layout.order.length - 1) : at;
  const inner = sizeOfAtoms(layout, layout.order.slice(atom === undefined ? place : at + 1));
  const total = size + before + after;
  const value = emit(l, { op: "pad", x: x.value, size, inner, before, total, value: fill });
  const fresh = l.newAtom();
  const sizes = new Map(layout.sizes);
  sizes.set(fresh, total);
  const order =
    atom === undefined
      ? [...layout.order.slice(0, place), fresh, ...layout.order.slice(place)]
      : layout.order.map((own) => (own === atom ? fresh : own));
  return laid(value, { sizes, order, axes: layout.axes.map((atoms, i) => (i === axis ? [fresh] : atoms)) });
};

/** A computed input, its padding made real. */
export const laidInput = (l: Lowering, node: OnnxNode, index: number): Laid => solid(l, node, entryOf(l, node, index));

/** Whether a constant that is added or multiplied is learnt: a weight of the file, behind something that is learnt. */
export const isLearnt = (l: Lowering, known: Known, other: Laid | null): boolean =>
  known.tensor.data.length > 1 &&
  known.tensor.kind === "float" &&
  (known.source !== null || l.constantsAreWeights) &&
  (other === null || l.learnt.has(other.value));

/** A constant as a value of the network, in its own order of axes. */
export const asValue = (l: Lowering, node: OnnxNode, known: Known, learnt = false): Laid => {
  const dims = plainDims(node, known.tensor.dims);
  const name = addTensor(l, node, "constant", known, {
    shape: dims,
    data: floats(known.tensor),
    kind: learnt ? "offset" : "constant",
  });
  return laid(emit(l, { op: "tensor", tensor: name }), layoutOf(dims, l.newAtom));
};

/**
 * A constant in the memory order that a layout has for the axes it shares with it: `axes` says which of the layout's axes each of its own is.
 * Rows of weights that meet a flattened image are put in the image's order so, once.
 */
export const inOrderOf = (tensor: ConstantTensor, axis: number, layout: Layout, at: number): ConstantTensor => {
  const atoms = layout.axes[at]!;
  const wanted = layout.order.filter((atom) => atoms.includes(atom));
  if (wanted.every((atom, i) => atom === atoms[i])) return tensor;
  const sizes = atoms.map((atom) => layout.sizes.get(atom)!);
  const split = [...tensor.dims.slice(0, axis), ...sizes, ...tensor.dims.slice(axis + 1)];
  const moved = wanted.map((atom) => axis + atoms.indexOf(atom));
  const order = split.map((_, i) => (i >= axis && i < axis + atoms.length ? moved[i - axis]! : i));
  return { ...transposed({ ...tensor, dims: split }, order), dims: tensor.dims };
};
