import { chunkElements, type ReductionKernels } from "../families/reductions.ts";
import type { ReferenceMemory } from "./memory.ts";

export const referenceReductions = ({
  get,
  set,
  getInteger,
  setInteger,
  getDouble,
  setDouble,
}: ReferenceMemory): ReductionKernels => {
  const chunks =
    (f: (x: number) => number) =>
    (partials: number, x: number, count: number, start: number, end: number): void => {
      for (let c = start; c < end; c++) {
        let total = 0;
        for (let i = c * chunkElements; i < Math.min(count, (c + 1) * chunkElements); i++) total += f(get(x, i));
        setDouble(partials, c, total);
      }
    };
  const extremum =
    (better: (x: number, best: number) => boolean, worst: number) =>
    (out: number, x: number, columns: number, start: number, end: number): void => {
      for (let i = start; i < end; i++) {
        let [best, place] = [worst, 0];
        for (let j = 0; j < columns; j++) {
          const value = get(x, i * columns + j);
          if (better(value, best)) [best, place] = [value, j];
        }
        setInteger(out, i, place);
      }
    };
  const fold = (partials: number, count: number): number => {
    let total = 0;
    for (let c = 0; c < count; c++) total += getDouble(partials, c);
    return total;
  };

  return {
    sumRows: (out, x, rows, columns, factor, start, end) => {
      for (let j = start; j < end; j++) {
        let total = 0;
        for (let i = 0; i < rows; i++) total += get(x, i * columns + j);
        set(out, j, factor * total);
      }
    },
    sumColumns: (out, x, columns, factor, start, end) => {
      for (let i = start; i < end; i++) {
        let total = 0;
        for (let j = 0; j < columns; j++) total += get(x, i * columns + j);
        set(out, i, factor * total);
      }
    },
    maxColumns: (out, x, columns, start, end) => {
      for (let i = start; i < end; i++) {
        let best = Number.NEGATIVE_INFINITY;
        for (let j = 0; j < columns; j++) best = Math.max(best, get(x, i * columns + j));
        set(out, i, best);
      }
    },
    argmaxColumns: extremum((x, best) => x > best, Number.NEGATIVE_INFINITY),
    argminColumns: extremum((x, best) => x < best, Number.POSITIVE_INFINITY),
    sumChunks: chunks((x) => x),
    sumSquaresChunks: chunks((x) => x * x),
    nonFiniteChunks: chunks((x) => (Number.isFinite(x) ? 0 : 1)),
    zeroChunks: chunks((x) => (x === 0 ? 1 : 0)),
    foldPartials: (out, partials, count, factor, start, end) => {
      if (start < end) setDouble(out, 0, factor * fold(partials, count));
    },
    sumPartials: (out, partials, count, factor, start, end) => {
      if (start < end) set(out, 0, factor * fold(partials, count));
    },
    clipFactor: (out, sumSquares, maxNorm, start, end) => {
      if (start >= end) return;
      const norm = Math.sqrt(getDouble(sumSquares, 0));
      setDouble(out, 0, norm > maxNorm ? maxNorm / norm : 1);
    },
    everActive: (seen, y, rows, columns, start, end) => {
      for (let j = start; j < end; j++)
        for (let i = 0; i < rows; i++) if (get(y, i * columns + j) > 0) setInteger(seen, j, 1 | getInteger(seen, j));
    },
  };
};
