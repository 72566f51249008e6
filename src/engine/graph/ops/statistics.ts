import { chunkCount } from "../../kernels/families/reductions.ts";
import { columnsOf, rowsOf, sizeOf } from "../../tensor/shape.ts";
import { onceDifferentiable, op } from "../op.ts";

/** What a layer's output looks like: `out` = (Σ y, Σ y²) as two f64, `seen[j]` = 1 where column j was positive in any row. For reports, not for gradients. */
export const describe = op("describe", {
  inputs: ["x"],
  extras: ["squares", "seen"],
  shape: ({ x }) => ({
    out: { shape: [], dtype: "f64" },
    squares: { shape: [], dtype: "f64" },
    seen: { shape: [columnsOf(x.shape)], dtype: "i32" },
  }),
  forward: (emit, { x, out, squares, seen }, _attributes, types) => {
    const { k } = emit;
    const [rows, columns, count] = [rowsOf(types.x.shape), columnsOf(types.x.shape), sizeOf(types.x.shape)];
    const chunks = chunkCount(count);
    const [sums, sumsOfSquares] = [emit.scratchDoubles(chunks), emit.scratchDoubles(chunks)];
    k.sumChunks(sums, x, count, chunks);
    k.sumSquaresChunks(sumsOfSquares, x, count, chunks);
    k.foldPartials(out, sums, chunks, 1, 1);
    k.foldPartials(squares, sumsOfSquares, chunks, 1, 1);
    // i32 zeros are f32 zeros.
    k.fill(seen, 0, columns);
    k.everActive(seen, x, rows, columns, columns);
  },
  vjp: onceDifferentiable("describe"),
  cost: (types) => 5 * sizeOf(types.x.shape),
});

/** out[i] (i32) = the first column in which row i is largest: the predicted class. */
export const argmax = op("argmax", {
  inputs: ["x"],
  shape: ({ x }) => ({ out: { shape: [rowsOf(x.shape)], dtype: "i32" } }),
  forward: ({ k }, { x, out }, _attributes, types) =>
    k.argmaxColumns(out, x, columnsOf(types.x.shape), rowsOf(types.x.shape)),
  vjp: () => ({ x: null }),
  cost: (types) => sizeOf(types.x.shape),
});
