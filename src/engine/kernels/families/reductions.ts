import type { InfoOf } from "../kernel-info.ts";

/** Elements in one chunk of the whole-tensor reductions: fixed, so that their bits depend on the tensor alone. */
export const chunkElements = 4096;
/** Number of f64 partials that a chunked reduction of `count` elements writes. */
export const chunkCount = (count: number): number => Math.ceil(count / chunkElements);

/**
 * Sums in one fixed order. A tensor is seen as [rows, columns].
 * Whole-tensor reductions take two calls: a `…Chunks` kernel writes one f64 partial for each chunk of 4096 elements, then
 * `foldPartials` (f64 result) or `sumPartials` (tensor element) adds the partials in order.
 */
export interface ReductionKernels {
  /** out[j] = factor · Σᵢ x[i, j]; units: columns. Sums over rows (bias gradients); f32 over 64 rows at a time, then f64. */
  sumRows(out: number, x: number, rows: number, columns: number, factor: number, start: number, end: number): void;
  /** out[i] = factor · Σⱼ x[i, j]; units: rows. Sums over columns. */
  sumColumns(out: number, x: number, columns: number, factor: number, start: number, end: number): void;
  /** out[i] = maxⱼ x[i, j]; units: rows. A NaN in the row gives NaN. */
  maxColumns(out: number, x: number, columns: number, start: number, end: number): void;
  /** out[i] (i32) = the first j whose x[i, j] is the largest; NaN never is; 0 for a row of NaN; units: rows. */
  argmaxColumns(out: number, x: number, columns: number, start: number, end: number): void;
  /** out[i] (i32) = the first j whose x[i, j] is the smallest; units: rows. */
  argminColumns(out: number, x: number, columns: number, start: number, end: number): void;

  /** partials[c] (f64) = Σ of chunk c of x[0, count); units: chunks. */
  sumChunks(partials: number, x: number, count: number, start: number, end: number): void;
  /** partials[c] (f64) = Σ x² of chunk c, for gradient norms; units: chunks. */
  sumSquaresChunks(partials: number, x: number, count: number, start: number, end: number): void;
  /** partials[c] (f64) = how many elements of chunk c are NaN or ±∞; units: chunks. */
  nonFiniteChunks(partials: number, x: number, count: number, start: number, end: number): void;
  /** partials[c] (f64) = how many elements of chunk c are ±0; units: chunks. */
  zeroChunks(partials: number, x: number, count: number, start: number, end: number): void;
  /** out (one f64) = factor · Σ partials[0, chunks), in order; units: one. */
  foldPartials(out: number, partials: number, chunks: number, factor: number, start: number, end: number): void;
  /** out (one tensor element) = factor · Σ partials[0, chunks), in order; units: one. */
  sumPartials(out: number, partials: number, chunks: number, factor: number, start: number, end: number): void;
  /** out (one f64) = min(1, maxNorm / √sumSquares), 1 where the sum is 0: gradient clipping by global norm; sumSquares is one f64; units: one. */
  clipFactor(out: number, sumSquares: number, maxNorm: number, start: number, end: number): void;

  /** seen[j] (i32) becomes 1 if any y[i, j] > 0, else stays: "was this ReLU unit ever active"; units: columns. */
  everActive(seen: number, y: number, rows: number, columns: number, start: number, end: number): void;
}

const chunked = { args: ["partials", "x", "count"], unit: "chunks", grain: 1 } as const;

export const reductionInfo: InfoOf<ReductionKernels> = {
  sumRows: { args: ["out", "x", "rows", "columns", "factor"], unit: "columns", grain: 16 },
  sumColumns: { args: ["out", "x", "columns", "factor"], unit: "rows", grain: 16 },
  maxColumns: { args: ["out", "x", "columns"], unit: "rows", grain: 16 },
  argmaxColumns: { args: ["out", "x", "columns"], unit: "rows", grain: 16 },
  argminColumns: { args: ["out", "x", "columns"], unit: "rows", grain: 16 },
  sumChunks: chunked,
  sumSquaresChunks: chunked,
  nonFiniteChunks: chunked,
  zeroChunks: chunked,
  foldPartials: { args: ["out", "partials", "chunks", "factor"], unit: "one", grain: 1 },
  sumPartials: { args: ["out", "partials", "chunks", "factor"], unit: "one", grain: 1 },
  clipFactor: { args: ["out", "sumSquares", "maxNorm"], unit: "one", grain: 1 },
  everActive: { args: ["seen", "y", "rows", "columns"], unit: "columns", grain: 16 },
};
