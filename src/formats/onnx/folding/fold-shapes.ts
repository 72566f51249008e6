import { intOf, intsOf, type OnnxNode } from "../graph.ts";
import type { ConstantTensor } from "../wire/tensor-values.ts";
import { axisOf, broadcastDims, broadcastStrides, productOf, stridesOf, visit } from "./axes.ts";
import { castTo, constant } from "./fold-elementwise.ts";

/** Rearranged by strides into a new tensor. */
const gathered = (
  x: ConstantTensor,
  dims: readonly number[],
  strides: readonly number[],
  start = 0,
): ConstantTensor => {
  const data = x.data instanceof Float32Array ? new Float32Array(productOf(dims)) : new Float64Array(productOf(dims));
  visit(dims, strides, start, (from, i) => {
    data[i] = x.data[from]!;
  });
  return { dims, kind: x.kind, data };
};

export const transposed = (x: ConstantTensor, order: readonly number[]): ConstantTensor => {
  const strides = stridesOf(x.dims);
  return gathered(
    x,
    order.map((axis) => x.dims[axis]!),
    order.map((axis) => strides[axis]!),
  );
};

/** Axes that a node names by attribute (older opsets) or by input; null without either. */
export const axesOf = (node: OnnxNode, input: ConstantTensor | undefined): readonly number[] | null =>
  intsOf(node, "axes") ?? (input === undefined ? null : [...input.data]);

/** Of a reduction; null: none are stated, which means all of them, or with `noop_with_empty_axes` none. */
export const reducedAxes = (node: OnnxNode, input: ConstantTensor | undefined): readonly number[] | null => {
  const axes = axesOf(node, input);
  return axes === null || axes.length === 0 ? null : axes;
};

export const unsqueezedDims = (dims: readonly number[], axes: readonly number[]): number[] => {
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((axis) => axisOf(axis, rank)));
  const rest = [...dims];
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.shift()!));
};

export const squeezedDims = (dims: readonly number[], axes: readonly number[] | null): number[] => {
  const removed = axes && new Set(axes.map((axis) => axisOf(axis, dims.length)));
  return dims.filter((size, axis) => (removed ? !removed.has(axis) : size !== 1));
};

/** The shape that a Reshape asks for: 0 keeps an axis (unless `allowZero`), −1 is what is left. */
export const reshapedDims = (
  dims: readonly number[],
  target: readonly number[],
  allowZero: boolean,
): number[] | null => {
  const out = target.map((size, axis) => (size === 0 && !allowZero ? (dims[axis] ?? 0) : size));
  const known = productOf(out.filter((size) => size !== -1));
  const open = out.filter((size) => size === -1).length;
  const count = productOf(dims);
  if (open > 1 || (open === 1 && (known === 0 || count % known !== 0))) return null;
  const whole = out.map((size) => (size === -1 ? count / known : size));
  return productOf(whole) === count ? whole : null;
};

/** What a Slice takes of one axis: the first entry, how many, and the step. */
export const sliceRange = (size: number, start: number, end: number, step: number) => {
  const limit = (value: number, low: number, high: number): number =>
    Math.min(high, Math.max(low, value < 0 ? value + size : value));
  if (step > 0) {
    const [first, last] = [limit(start, 0, size), limit(end, 0, size)];
    return { first, count: Math.max(0, Math.ceil((last - first) / step)), step };
  }
  const [first, last] = [limit(start, -1, size - 1), limit(end, -1, size - 1)];
  return { first, count: Math.max(0, Math.ceil((last - first) / step)), step };
};

const numbersOf = (x: ConstantTensor | undefined): number[] | undefined => x && [...x.data];

/** Starts, ends, axes and steps of a Slice: attributes before opset 10, inputs since. */
export const sliceOf = (node: OnnxNode, inputs: readonly (ConstantTensor | undefined)[], rank: number) => {
  const starts = intsOf(node, "starts") ?? numbersOf(inputs[1]);
  const ends = intsOf(node, "ends") ?? numbersOf(inputs[2]);
  if (starts === undefined || ends === undefined || starts.length !== ends.length) return null;
  const axes = intsOf(node, "axes") ?? numbersOf(inputs[3]) ?? starts.map((_, axis) => axis);
  const steps = numbersOf(inputs[4]) ?? starts.map(() => 1);
  return starts.map((start, i) => ({ axis: axisOf(axes[i] ?? 0, rank), start, end: ends[i]!, step: steps[i] ?? 1 }));
};

const foldSlice = (node: OnnxNode, inputs: readonly (ConstantTensor | undefined)[]): ConstantTensor | null => {
  const x = inputs[0]!;
  const cuts = sliceOf(node, inputs, x.dims.length);
  if (cuts === null || cuts.some(({ step }) => step === 0)) return null;
  const [dims, strides] = [[...x.dims], stridesOf(x.dims)];
  let start = 0;
  for (const { axis, start: from, end, step } of cuts) {
    const { first, count } = sliceRange(dims[axis]!, from, end, step);
    start += first * strides[axis]!;
    dims[axis] = count;
    strides[axis] = strides[axis]! * step;
  }
  return gathered(x, dims, strides, start);
};

const foldGather = (node: OnnxNode, x: ConstantTensor, indices: ConstantTensor): ConstantTensor | null => {
  const axis = axisOf(intOf(node, "axis", 0), x.dims.length);
  const [outer, size, inner] = [productOf(x.dims.slice(0, axis)), x.dims[axis] ?? 1, productOf(x.dims.slice(axis + 1))];
  const at = [...indices.data].map((index) => (index < 0 ? index + size : index));
  if (at.some((index) => index < 0 || index >= size)) return null;
  const data = new Float64Array(outer * at.length * inner);
  let to = 0;
  for (let o = 0; o < outer; o++)
    for (const index of at) for (let i = 0; i < inner; i++) data[to++] = x.data[(o * size + index) * inner + i]!;
  return constant([...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)], x.kind, data);
};

const foldConcat = (node: OnnxNode, parts: readonly ConstantTensor[]): ConstantTensor | null => {
  const first = parts[0]!;
  const axis = axisOf(intOf(node, "axis", 0), first.dims.length);
  const outer = productOf(first.dims.slice(0, axis));
  if (parts.some(({ dims }) => dims.length !== first.dims.length)) return null;
  const widths = parts.map(({ dims }) => productOf(dims.slice(axis)));
  const data = new Float64Array(outer * widths.reduce((a, b) => a + b, 0));
  let to = 0;
  for (let o = 0; o < outer; o++)
    for (const [p, part] of parts.entries()) {
      data.set(part.data.subarray(o * widths[p]!, (o + 1) * widths[p]!), to);
      to += widths[p]!;
    }
  const dims = first.dims.map((size, at) =>
    at === axis ? parts.reduce((sum, part) => sum + part.dims[axis]!, 0) : size,
  );
  return constant(dims, first.kind, data);
};

const reductions: Readonly<Record<string, { start: number; step: (all: number, next: number) => number }>> = {
  ReduceSum: { start: 0, step: (a, b) => a + b },
  ReduceMean: { start: 0, step: (a, b) => a + b },
  ReduceProd: { start: 1, step: (a, b) => a * b },
  ReduceMax: { start: Number.NEGATIVE_INFINITY, step: Math.max },
  ReduceMin: { start: Number.POSITIVE_INFINITY, step: Math.min },
};

const foldReduction = (
  node: OnnxNode,
  x: ConstantTensor,
  axesInput: ConstantTensor | undefined,
): ConstantTensor | null => {
  const rule = reductions[node.op]!;
  const stated = reducedAxes(node, axesInput);
  if (stated === null && intOf(node, "noop_with_empty_axes", 0) === 1) return x;
  const axes = stated?.map((axis) => axisOf(axis, x.dims.length)) ?? x.dims.map((_, axis) => axis);
  const kept = x.dims.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const out = new Float64Array(productOf(kept)).fill(rule.start);
  const places: number[] = [];
  visit(x.dims, broadcastStrides(kept, x.dims), 0, (from) => void places.push(from));
  for (const [i, place] of places.entries()) out[place] = rule.step(out[place]!, x.data[i]!);
  const counted = productOf(x.dims) / productOf(kept);
  const data = node.op === "ReduceMean" ? out.map((value) => value / counted) : out;
  return constant(
    intOf(node, "keepdims", 1) === 1 ? kept : kept.filter((_, axis) => !axes.includes(axis)),
    x.kind,
    data,
  );
};

const foldExpand = (x: ConstantTensor, target: readonly number[], most: number): ConstantTensor | null => {
  const dims = broadcastDims(x.dims, target);
  if (dims === null || productOf(dims) > most) return null;
  return gathered(x, dims, broadcastStrides(x.dims, dims));
};

const foldRange = (
  start: number,
  limit: number,
  step: number,
  most: number,
  kind: ConstantTensor["kind"],
): ConstantTensor | null => {
  const count = Math.max(0, Math.ceil((limit - start) / step));
  if (!(count <= most)) return null;
  return constant(
    [count],
    kind,
    Float64Array.from({ length: count }, (_, i) => start + i * step),
  );
};

/** The sizes that a Shape node gives: all, or since opset 15 a part. */
export const shapeOf = (node: OnnxNode, dims: readonly number[]): ConstantTensor => {
  const own = (index: number): number => (index < 0 ? index + dims.length : index);
  const part = dims.slice(own(intOf(node, "start", 0)), own(intOf(node, "end", dims.length)));
  return constant([part.length], "integer", part);
};

/** Shapes, cuts and reductions of constants of at most `most` elements; null where the node cannot be folded. */
export const foldShape = (
  node: OnnxNode,
  inputs: readonly (ConstantTensor | undefined)[],
  most: number,
): ConstantTensor | null => {
  const [x, second, third] = inputs;
  if (x === undefined) return null;
  const withDims = (dims: readonly number[] | null): ConstantTensor | null => dims && { ...x, dims };
  switch (node.op) {
    case "Identity":
    case "Dropout":
      return x;
    case "Shape":
      return shapeOf(node, x.dims);
    case "Size":
      return constant([], "integer", [x.data.length]);
    case "Cast":
      return castTo(x, intOf(node, "to", 1));
    case "CastLike":
      return second === undefined ? null : { ...x, kind: second.kind };
    case "Reshape":
      return withDims(
        reshapedDims(x.dims, intsOf(node, "shape") ?? [...(second?.data ?? [])], intOf(node, "allowzero", 0) === 1),
      );
    case "Flatten": {
      const axis = intOf(node, "axis", 1);
      const own = axis < 0 ? axis + x.dims.length : axis;
      return withDims([productOf(x.dims.slice(0, own)), productOf(x.dims.slice(own))]);
    }
    case "Squeeze":
      return withDims(squeezedDims(x.dims, axesOf(node, second)));
    case "Unsqueeze":
      return withDims(unsqueezedDims(x.dims, axesOf(node, second) ?? []));
    case "Transpose":
      return transposed(x, intsOf(node, "perm") ?? x.dims.map((_, axis) => x.dims.length - 1 - axis));
    case "Slice":
      return foldSlice(node, inputs);
    case "Gather":
      return second === undefined ? null : foldGather(node, x, second);
    case "Concat":
      return inputs.every((part) => part !== undefined) ? foldConcat(node, inputs) : null;
    case "Expand":
      return second === undefined ? null : foldExpand(x, [...second.data], most);
    case "Range":
      return second && third ? foldRange(x.data[0]!, second.data[0]!, third.data[0]!, most, x.kind) : null;
    default:
      return node.op in reductions ? foldReduction(node, x, second) : null;
  }
};
