// A sum and the repetition that it undoes: each is the other's gradient.

import { chunkCount } from "../../kernels/families/reductions.ts";
import { columnsOf, rowsOf, type Shape, sameShape, showShape, sizeOf } from "../../tensor/shape.ts";
import type { TensorType, Value } from "../graph.ts";
import { mustFit, op } from "../op.ts";
import { reshaped } from "./reshape.ts";

/** How a smaller shape repeats over a larger one: row and column strides over the larger seen as a matrix. */
export const broadcastStrides = (from: Shape, to: Shape): readonly [row: number, column: number] | null => {
  if (sameShape(from, to)) return [columnsOf(to), 1];
  if (sizeOf(from) === 1) return [0, 0];
  if (from.length === 1 && from[0] === columnsOf(to)) return [0, 1];
  if (from.length === to.length && from.at(-1) === 1 && rowsOf(from) === rowsOf(to)) return [1, 0];
  return null;
};

const cost = ({ x }: { x: TensorType }): number => sizeOf(x.shape);

/** out = Σ x, a scalar; d Σx = Σ dx */
export const sum = op("sum", {
  inputs: ["x"],
  shape: () => ({ out: { shape: [], dtype: "float" } }),
  forward: (emit, { x, out }, _attributes, types) => {
    const count = sizeOf(types.x.shape);
    const partials = emit.scratchDoubles(chunkCount(count));
    emit.k.sumChunks(partials, x, count, chunkCount(count));
    emit.k.sumPartials(out, partials, chunkCount(count), 1, 1);
  },
  vjp: (g, { x }) => ({ x: expand({ x: g }, { shape: x.shape }).out }),
  cost,
});

/** out[j] = Σᵢ x[i, j] over the rows i: [m, n] → [n] */
export const sumRows = op("sumRows", {
  inputs: ["x"],
  shape: ({ x }) => ({ out: { shape: [columnsOf(x.shape)], dtype: "float" } }),
  forward: ({ k }, { x, out }, _attributes, types) =>
    k.sumRows(out, x, rowsOf(types.x.shape), columnsOf(types.x.shape), 1, columnsOf(types.x.shape)),
  vjp: (g, { x }) => ({ x: expand({ x: g }, { shape: x.shape }).out }),
  cost,
});

/** out[i] = Σⱼ x[i, j] over the columns j: [m, n] → [m] */
export const sumColumns = op("sumColumns", {
  inputs: ["x"],
  shape: ({ x }) => ({ out: { shape: [rowsOf(x.shape)], dtype: "float" } }),
  forward: ({ k }, { x, out }, _attributes, types) =>
    k.sumColumns(out, x, columnsOf(types.x.shape), 1, rowsOf(types.x.shape)),
  vjp: (g, { x }) => {
    const column = reshaped(g, [...x.shape.slice(0, -1), 1]);
    return { x: expand({ x: column }, { shape: x.shape }).out };
  },
  cost,
});

/** out repeats x over a larger shape: a scalar, a row vector or a column. */
export const expand = op("expand", {
  inputs: ["x"],
  shape: ({ x }, { shape }: { shape: Shape }) => {
    mustFit(
      broadcastStrides(x.shape, shape) !== null,
      `${showShape(x.shape)} does not repeat over ${showShape(shape)}`,
    );
    return { out: { shape, dtype: "float" } };
  },
  forward: ({ k }, { x, out }, { shape }, types) => {
    const [row, column] = broadcastStrides(types.x.shape, shape)!;
    k.copyStrided(out, x, columnsOf(shape), columnsOf(shape), 1, row, column, rowsOf(shape));
  },
  vjp: (g, { x }) => ({ x: reduceTo(g, x.shape) }),
  cost: () => 0,
});

/** Sums a gradient over the axes along which `shape` was repeated. */
export const reduceTo = (g: Value, shape: Shape): Value => {
  if (sameShape(g.shape, shape)) return g;
  if (sizeOf(shape) === 1) return reshaped(sum({ x: g }, {}).out, shape);
  if (shape.at(-1) === 1) return reshaped(sumColumns({ x: g }, {}).out, shape);
  return sumRows({ x: g }, {}).out;
};
