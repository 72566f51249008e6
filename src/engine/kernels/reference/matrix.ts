import { type MatrixKernels, panelColumns, panelCount, stripRows } from "../families/matrix.ts";
import { activationOf } from "./activations.ts";
import type { ReferenceMemory } from "./memory.ts";

/** Where packB puts element (i, j) of matrix `batch`. */
export const packedIndex = (batch: number, i: number, j: number, k: number, n: number): number =>
  ((batch * panelCount(n) + Math.floor(j / panelColumns)) * k + i) * panelColumns + (j % panelColumns);

export const referenceMatrix = ({ get, set }: ReferenceMemory): MatrixKernels => ({
  packB: (out, b, k, n, rowStride, columnStride, _batches, batchStride, start, end) => {
    const panels = panelCount(n);
    for (let unit = start; unit < end; unit++) {
      const [batch, panel] = [Math.floor(unit / panels), unit % panels];
      for (let i = 0; i < k; i++)
        for (let lane = 0; lane < panelColumns; lane++) {
          const j = panel * panelColumns + lane;
          const value = j < n ? get(b, batch * batchStride + i * rowStride + j * columnStride) : 0;
          set(out, packedIndex(batch, i, j, k, n), value);
        }
    }
  },
  gemm: (c, a, packed, bias, _scratch, m, n, k, aRow, aColumn, cRow, accumulate, activation, slope, start, end) => {
    const f = activationOf(activation, slope);
    for (let i = start * stripRows; i < Math.min(m, end * stripRows); i++)
      for (let j = 0; j < n; j++) {
        let total = accumulate ? get(c, i * cRow + j) : 0;
        for (let l = 0; l < k; l++) total += get(a, i * aRow + l * aColumn) * get(packed, packedIndex(0, l, j, k, n));
        set(c, i * cRow + j, f(total + (bias ? get(bias, j) : 0)));
      }
  },
  gemmBatched: (c, a, packed, _scratch, m, n, k, aRow, aColumn, aBatch, start, end) => {
    const strips = Math.ceil(m / stripRows);
    for (let unit = start; unit < end; unit++) {
      const [batch, strip] = [Math.floor(unit / strips), unit % strips];
      for (let i = strip * stripRows; i < Math.min(m, (strip + 1) * stripRows); i++)
        for (let j = 0; j < n; j++) {
          let total = 0;
          for (let l = 0; l < k; l++)
            total += get(a, batch * aBatch + i * aRow + l * aColumn) * get(packed, packedIndex(batch, l, j, k, n));
          set(c, (batch * m + i) * n + j, total);
        }
    }
  },
  squaredDistances: (out, x, centre, centres, columns, start, end) => {
    for (let i = start; i < end; i++)
      for (let c = 0; c < centres; c++) {
        let total = 0;
        for (let j = 0; j < columns; j++) {
          const d = get(x, i * columns + j) - get(centre, c * columns + j);
          total += d * d;
        }
        set(out, i * centres + c, total);
      }
  },
});
