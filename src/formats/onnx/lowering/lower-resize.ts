import type { OnnxNode } from "../graph.ts";
import { stringOf } from "../graph.ts";
import { nodeProblem } from "../onnx-error.ts";
import {
  type Interpolation,
  matrixOf,
  type ResizedAxis,
  repetitionOf,
  type Tap,
  tapsAlong,
} from "../resizing/interpolation.ts";
import { interpolationOf, resizedAxes, targetOf } from "../resizing/resize-node.ts";
import { addTensor, arranged, emit, knownInput, type Laid, type Lowering, laid, setOutput } from "./context.ts";
import { dimsOf, sizeOfAtoms } from "./layout.ts";
import type { Lowerer } from "./lower-elementwise.ts";
import { laidInput } from "./operands.ts";

/** Every entry of an axis so many times. */
const repeatedAlong = (l: Lowering, x: Laid, axis: number, times: number): Laid => {
  const { order, sizes: known, axes } = x.layout;
  const [last] = axes[axis]!.slice(-1);
  // An axis of size 1 gets its place in front of memory's last axis, where channels stay last.
  const place = last === undefined ? Math.max(0, order.length - 1) : order.indexOf(last) + 1;
  const inner = sizeOfAtoms(x.layout, order.slice(place));
  const value = emit(l, { op: "repeat", x: x.value, times, inner });
  const fresh = l.newAtom();
  return laid(value, {
    sizes: new Map([...known, [fresh, times]]),
    order: [...order.slice(0, place), fresh, ...order.slice(place)],
    axes: axes.map((atoms, i) => (i === axis ? [...atoms, fresh] : atoms)),
  });
};

/** The axis, innermost in memory, times a constant matrix. */
const mixedAlong = (
  l: Lowering,
  node: OnnxNode,
  own: Laid,
  axis: number,
  taps: readonly Tap[][],
  size: number,
): Laid => {
  const atoms = own.layout.axes[axis]!;
  const x = arranged(l, own, [...own.layout.order.filter((atom) => !atoms.includes(atom)), ...atoms]);
  const units = taps.length;
  const data = matrixOf(taps, size);
  const matrix = addTensor(
    l,
    node,
    "interpolation",
    { kind: "known", source: null, tensor: { dims: [size, units], kind: "float", data } },
    { shape: [size, units], data, kind: "constant" },
  );
  const value = emit(l, { op: "interpolate", x: x.value, matrix, inputs: size, units });
  const made = units === 1 ? [] : [l.newAtom()];
  return laid(value, {
    sizes: new Map([...x.layout.sizes, ...made.map((atom): [number, number] => [atom, units])]),
    order: [...x.layout.order.filter((atom) => !atoms.includes(atom)), ...made],
    axes: x.layout.axes.map((one, i) => (i === axis ? made : one)),
  });
};

const along = (l: Lowering, node: OnnxNode, x: Laid, axis: number, to: ResizedAxis, how: Interpolation): Laid => {
  const taps = tapsAlong(to, how);
  const times = repetitionOf(taps, to.size);
  if (times !== null) return times === 1 ? x : repeatedAlong(l, x, axis, times);
  return mixedAlong(l, node, x, axis, taps, to.size);
};

/** Resize, and Upsample before it: interpolation is separable, so each axis is resized by itself, the one that grows least first. */
const resize: Lowerer = (l, node) => {
  const x = laidInput(l, node, 0);
  if (stringOf(node, "coordinate_transformation_mode", "") === "tf_crop_and_resize")
    throw nodeProblem(node, "it cuts out a region (tf_crop_and_resize); export it with half_pixel or align_corners");
  const target = targetOf(node, l.opset, (index, what) => knownInput(l, node, index, what)?.tensor ?? null);
  const axes = resizedAxes(node, dimsOf(x.layout), target, l.fixedBatch);
  const how = interpolationOf(node, l.opset);
  const growth = ({ size, out }: ResizedAxis): number => out / size;
  const inTurn = [...axes].sort(([, a], [, b]) => growth(a) - growth(b));
  setOutput(
    l,
    node,
    inTurn.reduce((value, [axis, to]) => along(l, node, value, axis, to, how), x),
  );
};

export const resizeLowerers: Readonly<Record<string, Lowerer>> = { Resize: resize, Upsample: resize };
