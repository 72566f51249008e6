import { columnsOf, rowsOf } from "../../tensor/shape.ts";
import { op } from "../op.ts";

/** out[i, ·] = data[indices[cursor + i], ·]: a mini-batch, of floats or of labels. Data has no gradient. */
export const gather = op("gather", {
  inputs: ["data", "indices", "cursor"],
  shape: ({ data }, { rows }: { rows: number }) => ({
    out: { shape: [rows, ...data.shape.slice(1)], dtype: data.dtype },
  }),
  forward: ({ k }, { data, indices, cursor, out }, { rows }, types) => {
    const columns =
      types.data.shape.length > 1 ? columnsOf(types.data.shape) * (rowsOf(types.data.shape) / types.data.shape[0]!) : 1;
    k[types.data.dtype === "float" ? "gatherRows" : "gatherIntegers"](out, data, indices, cursor, columns, rows);
  },
  vjp: () => ({ data: null, indices: null, cursor: null }),
  cost: () => 0,
});
