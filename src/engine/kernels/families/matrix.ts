import type { InfoOf } from "../kernel-info.ts";

/** Rows of one strip: the height of the microkernel's tile. */
export const stripRows = 4;
/** Columns of one packed panel: the width of the microkernel's tile. */
export const panelColumns = 8;
/** Bytes of scratch that gemm and the convolutions want, private to each thread; 16-byte aligned. */
export const scratchBytes = 65536;

export const stripCount = (rows: number): number => Math.ceil(rows / stripRows);
export const panelCount = (columns: number): number => Math.ceil(columns / panelColumns);
/** Elements of the packed form of `batches` matrices [k, n]. */
export const packedElements = (k: number, n: number, batches = 1): number => batches * panelCount(n) * panelColumns * k;

/**
 * Matrix products: pack B once (all threads), barrier, then multiply (all threads).
 * C = A·B   : packB(B strides (n, 1)), gemm(A strides (k, 1))
 * C = A·Bᵀ  : packB(B strides (1, k)), gemm(A strides (k, 1))     — B stored [n, k]
 * C = Aᵀ·B  : packB(B strides (n, 1)), gemm(A strides (1, m))     — A stored [k, m]
 */
export interface MatrixKernels {
  /**
   * Packs `batches` matrices B[k, n] into panels of 8 columns, missing columns filled with zeros:
   * out[((batch · panels + p) · k + i) · 8 + j] = B(batch)[i, 8p + j], with panels = ⌈n / 8⌉.
   * B's element (i, j) is at batch · batchStride + i · rowStride + j · columnStride (in elements).
   * Units: panels, batches · ⌈n / 8⌉ of them. `out` holds packedElements(k, n, batches).
   */
  packB(
    out: number,
    b: number,
    k: number,
    n: number,
    rowStride: number,
    columnStride: number,
    batches: number,
    batchStride: number,
    start: number,
    end: number,
  ): void;
  /**
   * C[m, n] = f((accumulate ? C : 0) + A[m, k] · B[k, n] + bias); units: strips of 4 rows of C, ⌈m / 4⌉ of them.
   * A sum runs over k in order inside blocks of 256, and the blocks' sums are added in order.
   * `packed` is packB's output; A's element (i, l) is at i · aRow + l · aColumn; C's row i at i · cRow, columns adjacent;
   * `bias` is a vector of n elements or 0; `activation` is a code of activationCodes, `slope` that of leakyRelu;
   * `accumulate` is 0 or 1; `scratch` points to scratchBytes bytes of the calling thread. k = 0 gives f(C or 0 + bias).
   */
  gemm(
    c: number,
    a: number,
    packed: number,
    bias: number,
    scratch: number,
    m: number,
    n: number,
    k: number,
    aRow: number,
    aColumn: number,
    cRow: number,
    accumulate: number,
    activation: number,
    slope: number,
    start: number,
    end: number,
  ): void;
  /**
   * C[b] = A[b] · B[b] for matrices one after another: C [batches, m, n], `packed` = packB's output for all of them; A's element (i, l) of matrix b is at
   * b · aBatch + i · aRow + l · aColumn. Units: strips of 4 rows, batches · ⌈m / 4⌉, those of one matrix together. Sums as in gemm.
   */
  gemmBatched(
    c: number,
    a: number,
    packed: number,
    scratch: number,
    m: number,
    n: number,
    k: number,
    aRow: number,
    aColumn: number,
    aBatch: number,
    start: number,
    end: number,
  ): void;
  /** out[i, c] = Σⱼ (x[i, j] − centre[c, j])²; x: [rows, columns], centre: [centres, columns]; units: rows. */
  squaredDistances(
    out: number,
    x: number,
    centre: number,
    centres: number,
    columns: number,
    start: number,
    end: number,
  ): void;
}

export const matrixInfo: InfoOf<MatrixKernels> = {
  packB: {
    args: ["out", "b", "k", "n", "rowStride", "columnStride", "batches", "batchStride"],
    unit: "panels",
    grain: 1,
  },
  gemm: {
    args: [
      "c",
      "a",
      "packed",
      "bias",
      "scratch",
      "m",
      "n",
      "k",
      "aRow",
      "aColumn",
      "cRow",
      "accumulate",
      "activation",
      "slope",
    ],
    unit: "strips",
    grain: 1,
  },
  gemmBatched: {
    args: ["c", "a", "packed", "scratch", "m", "n", "k", "aRow", "aColumn", "aBatch"],
    unit: "strips",
    grain: 1,
  },
  squaredDistances: { args: ["out", "x", "centre", "centres", "columns"], unit: "rows", grain: 1 },
};
