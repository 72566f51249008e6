import { chunkCount } from "../../kernels/families/reductions.ts";
import { columnsOf, rowsOf, sizeOf } from "../../tensor/shape.ts";
import type { TensorType } from "../graph.ts";
import { op } from "../op.ts";
import { expand, reshaped } from "./elementwise.ts";

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
