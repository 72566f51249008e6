import { stripCount } from "../kernels/families/matrix.ts";
import type { Kernels } from "../kernels/interface.ts";
import type { InfoOf } from "../kernels/kernel-info.ts";
import { type BlasConvolutionKernels, blasConvolutionInfo, createBlasConvolution } from "./blas-convolution.ts";
import { type Blas, cblas } from "./blas-library.ts";
import { tilesOf } from "./tiles.ts";

/** Products by BLAS in place of MatrixKernels. */
export interface BlasMatrixKernels {
  /**
   * C[m, n] = f((accumulate ? C : 0) + A[m, k] · B[k, n] + bias), as gemm of MatrixKernels, but of an unpacked B. A's element (i, l) is at
   * i · aRow + l · aColumn, B's (l, j) at l · bRow + j · bColumn, one of each pair being 1; C's row i at i · cRow.
   * Units: tiles of tilesOf(m, n, k).
   */
  sgemm(
    c: number,
    a: number,
    b: number,
    bias: number,
    scratch: number,
    m: number,
    n: number,
    k: number,
    aRow: number,
    aColumn: number,
    bRow: number,
    bColumn: number,
    cRow: number,
    accumulate: number,
    activation: number,
    slope: number,
    start: number,
    end: number,
  ): void;
}

/** What BLAS computes in place of the WebAssembly kernels: called like them, over the same memory. */
export interface BlasKernels extends BlasMatrixKernels, BlasConvolutionKernels {}

export type BlasKernelName = keyof BlasKernels;

const blasMatrixInfo: InfoOf<BlasMatrixKernels> = {
  sgemm: {
    args: [
      "c",
      "a",
      "b",
      "bias",
      "scratch",
      "m",
      "n",
      "k",
      "aRow",
      "aColumn",
      "bRow",
      "bColumn",
      "cRow",
      "accumulate",
      "activation",
      "slope",
    ],
    unit: "tiles",
    grain: 1,
  },
};

export const blasInfo: InfoOf<BlasKernels> = { ...blasMatrixInfo, ...blasConvolutionInfo };

const floatBytes = 4;

/** A matrix as CBLAS takes it: [rows, columns] as stored, or its transpose, and the distance of stored rows. */
const toOperand = (rowStride: number, columnStride: number, rows: number, columns: number) => {
  // A stride of 1 in both directions is a vector: it lies as it would untransposed, and the distance only has to be long enough.
  const transposed = columnStride !== 1;
  const distance = transposed ? Math.max(columnStride, rows) : Math.max(rowStride, columns);
  return { transpose: transposed ? cblas.transpose : cblas.noTranspose, distance };
};

/**
 * BLAS kernels over one memory. Bias and activation are applied to a tile while it is in the cache, by the WebAssembly gemm with an empty sum
 * (k = 0, accumulate): an activation has then the same bits in both backends.
 */
export const createBlasKernels = (blas: Blas, memory: WebAssembly.Memory, kernels: Kernels): BlasKernels => {
  const base = blas.addressOf(memory.buffer);
  const { rowMajor } = cblas;
  const sgemm: BlasKernels["sgemm"] = (c, a, b, bias, scratch, m, n, k, ...rest) => {
    const [aRow, aColumn, bRow, bColumn, cRow, accumulate, activation, slope, start, end] = rest;
    const tiles = tilesOf(m, n, k);
    const x = toOperand(aRow, aColumn, m, k);
    const y = toOperand(bRow, bColumn, k, n);
    for (let tile = start; tile < end; tile++) {
      const row = tiles.rows === m ? 0 : tile * tiles.rows;
      const column = tiles.rows === m ? tile * tiles.columns : 0;
      const rows = Math.min(tiles.rows, m - row);
      const columns = Math.min(tiles.columns, n - column);
      const target = c + (row * cRow + column) * floatBytes;
      const left = base + a + row * aRow * floatBytes;
      const right = base + b + column * bColumn * floatBytes;
      const [tx, ty] = [x.transpose, y.transpose];
      blas.sgemm(
        rowMajor,
        tx,
        ty,
        rows,
        columns,
        k,
        1,
        left,
        x.distance,
        right,
        y.distance,
        accumulate,
        base + target,
        cRow,
      );
      if (bias === 0 && activation === 0) continue;
      const tileBias = bias === 0 ? 0 : bias + column * floatBytes;
      kernels.gemm(
        target,
        0,
        0,
        tileBias,
        scratch,
        rows,
        columns,
        0,
        0,
        0,
        cRow,
        1,
        activation,
        slope,
        0,
        stripCount(rows),
      );
    }
  };
  return { sgemm, ...createBlasConvolution(blas, base, kernels) };
};
