import { transposed } from "../folding/fold-shapes.ts";
import { floatOf, intOf, type OnnxNode } from "../graph.ts";
import { nodeProblem } from "../onnx-error.ts";
import { binaryOf } from "./broadcast.ts";
import {
  addTensor,
  arranged,
  emit,
  entryOf,
  hasInput,
  type Known,
  type Laid,
  type Lowering,
  laid,
  setOutput,
} from "./context.ts";
import { axisSize, dimsOf, type Layout } from "./layout.ts";
import { affine, type Lowerer } from "./lower-elementwise.ts";
import { asValue, floats, inOrderOf, isLearnt, laidInput, plainDims, solid } from "./operands.ts";

const scaledBy = (data: Float32Array, factor: number): Float32Array =>
  factor === 1 ? data : data.map((value) => value * factor);

/** x's last axis innermost in memory, in whatever order of its own: the rows of the weight are put in that order. */
const lastInnermost = (l: Lowering, x: Laid): Laid => {
  const last = new Set(x.layout.axes.at(-1));
  const { order } = x.layout;
  const ends = order.slice(order.length - last.size).every((atom) => last.has(atom));
  if (ends) return x;
  return arranged(l, x, [...order.filter((atom) => !last.has(atom)), ...order.filter((atom) => last.has(atom))]);
};

/** x · W (+ bias) on the last axis of x; `weight` is [in, out]. */
const linear = (
  l: Lowering,
  node: OnnxNode,
  own: Laid,
  weight: Known,
  bias: { known: Known; factor: number } | null,
  factor: number,
): Laid => {
  const x = lastInnermost(l, own);
  const axis = x.layout.axes.length - 1;
  const [inputs, units] = plainDims(node, weight.tensor.dims) as [number, number];
  if (axisSize(x.layout, axis) !== inputs) {
    throw nodeProblem(node, `its input has ${axisSize(x.layout, axis)} columns, its weight ${inputs} rows`);
  }
  const name = addTensor(l, node, "weight", weight, {
    shape: [inputs, units],
    data: scaledBy(floats(inOrderOf(weight.tensor, 0, x.layout, axis)), factor),
    kind: "weight",
  });
  const offset =
    bias &&
    addTensor(l, node, "bias", bias.known, {
      shape: [units],
      data: scaledBy(spreadBias(bias.known, units), bias.factor),
      kind: "offset",
    });
  const value = emit(l, { op: "linear", x: x.value, weight: name, bias: offset, inputs, units });
  const fresh = l.newAtom();
  const sizes = new Map(x.layout.sizes);
  sizes.set(fresh, units);
  const gone = new Set(x.layout.axes[axis]);
  const made = units === 1 ? [] : [fresh];
  const layout: Layout = {
    sizes,
    order: [...x.layout.order.filter((atom) => !gone.has(atom)), ...made],
    axes: x.layout.axes.map((atoms, i) => (i === axis ? made : atoms)),
  };
  return laid(value, layout);
};

const spreadBias = ({ tensor }: Known, units: number): Float32Array => {
  const data = floats(tensor);
  return data.length === units ? data : new Float32Array(units).fill(data[0] ?? 0);
};

const isRow = ({ tensor }: Known, units: number): boolean =>
  tensor.data.length === 1 || (tensor.data.length === units && tensor.dims.at(-1) === units);

const gemm: Lowerer = (l, node) => {
  const [alpha, beta] = [floatOf(node, "alpha", 1), floatOf(node, "beta", 1)];
  const entry = entryOf(l, node, 1);
  const first = laidInput(l, node, 0);
  if (entry.kind !== "known" || first.layout.axes.length !== 2) {
    const product = matrixProduct(
      l,
      node,
      swappedIf(first, intOf(node, "transA", 0)),
      swappedIf(solid(l, node, entry), intOf(node, "transB", 0)),
    );
    setOutput(l, node, withThird(l, node, affine(l, product, alpha, 0), beta));
    return;
  }
  const x = swappedIf(first, intOf(node, "transA", 0));
  const weight: Known = intOf(node, "transB", 0) === 1 ? { ...entry, tensor: transposed(entry.tensor, [1, 0]) } : entry;
  const third = hasInput(node, 2) ? entryOf(l, node, 2) : null;
  const units = weight.tensor.dims[1]!;
  if (third?.kind === "known" && isRow(third, units)) {
    setOutput(l, node, linear(l, node, x, weight, { known: third, factor: beta }, alpha));
    return;
  }
  setOutput(l, node, withThird(l, node, linear(l, node, x, weight, null, alpha), beta));
};

const swappedIf = (x: Laid, swap: number): Laid =>
  swap === 1 ? laid(x.value, { ...x.layout, axes: [x.layout.axes[1]!, x.layout.axes[0]!] }) : x;

const withThird = (l: Lowering, node: OnnxNode, product: Laid, beta: number): Laid => {
  if (!hasInput(node, 2)) return product;
  return binaryOf(l, node, "add", product, affine(l, laidInput(l, node, 2), beta, 0));
};

/** Matrix by matrix, both computed: axes before the last two are the batch of matrices. */
const matrixProduct = (l: Lowering, node: OnnxNode, left: Laid, right: Laid): Laid => {
  const [a, b] = [left.layout, right.layout];
  const rank = a.axes.length;
  if (rank < 2 || b.axes.length !== rank) {
    throw nodeProblem(
      node,
      `its inputs have ${rank} and ${b.axes.length} axes; products of computed values need as many on both sides`,
    );
  }
  const batchAxes = Array.from({ length: rank - 2 }, (_, axis) => axis);
  const [adims, bdims] = [dimsOf(a), dimsOf(b)];
  if (batchAxes.some((axis) => adims[axis] !== bdims[axis]) || adims[rank - 1] !== bdims[rank - 2]) {
    throw nodeProblem(node, `shapes [${adims.join(", ")}] and [${bdims.join(", ")}] do not multiply`);
  }
  const batch = batchAxes.flatMap((axis) => a.axes[axis]!);
  const ordered = (x: Laid): { x: Laid; transpose: boolean } => {
    const { axes, order } = x.layout;
    const own = batchAxes.flatMap((axis) => axes[axis]!);
    const straight = [...own, ...axes[rank - 2]!, ...axes[rank - 1]!];
    const crossed = [...own, ...axes[rank - 1]!, ...axes[rank - 2]!];
    const transpose =
      axes[rank - 2]!.length > 0 && axes[rank - 1]!.length > 0 && crossed.every((atom, i) => atom === order[i]);
    return transpose ? { x, transpose } : { x: arranged(l, x, straight), transpose: false };
  };
  const [first, second] = [ordered(left), ordered(right)];
  const [m, k, n] = [adims[rank - 2]!, adims[rank - 1]!, bdims[rank - 1]!];
  if ([m, k, n].some((size) => size < 0)) throw nodeProblem(node, "it multiplies over the batch");
  const transposes = { transposeA: first.transpose, transposeB: second.transpose };
  const value = emit(l, { op: "matmul", a: first.x.value, b: second.x.value, m, k, n, ...transposes });
  // Both may be views of one value, whose atoms would then stand in the product twice.
  const sizes = new Map(a.sizes);
  const columns = b.axes[rank - 1]!.map((atom) => {
    const fresh = l.newAtom();
    sizes.set(fresh, b.sizes.get(atom)!);
    return fresh;
  });
  const rows = a.axes[rank - 2]!;
  return laid(value, {
    sizes,
    order: [...batch, ...rows, ...columns],
    axes: [...batchAxes.map((axis) => a.axes[axis]!), rows, columns],
  });
};

const matmul: Lowerer = (l, node) => {
  const [left, right] = [entryOf(l, node, 0), entryOf(l, node, 1)];
  if (right.kind === "known" && left.kind !== "known" && right.tensor.dims.length === 2) {
    setOutput(l, node, linear(l, node, solid(l, node, left), right, null, 1));
    return;
  }
  const other = (entry: typeof left, beside: typeof left): Laid => {
    if (entry.kind !== "known") return solid(l, node, entry);
    return asValue(l, node, entry, isLearnt(l, entry, beside.kind === "laid" ? beside : null));
  };
  setOutput(l, node, matrixProduct(l, node, other(left, right), other(right, left)));
};

export const matrixLowerers: Readonly<Record<string, Lowerer>> = { Gemm: gemm, MatMul: matmul };
