import type { NormalisationKernels } from "../families/normalisation.ts";
import { chunkCount, type ReductionKernels } from "../families/reductions.ts";
import { type CasesOf, doubleOutput, integerOutput, type MakeCase, type Output, realOutput } from "./case.ts";

const byRows =
  (output: (pointer: number, rows: number, columns: number) => Output, factor: boolean): MakeCase =>
  (r) => {
    const [rows, columns] = [r.size(1, 20), r.size(1, 300)];
    const out = r.blank(rows);
    const args = [out, r.real(rows * columns), columns, ...(factor ? [r.between(0.5, 2)] : [])];
    return { args, units: rows, outputs: [output(out, rows, columns)] };
  };

const chunked =
  (exact: boolean, low = -1, high = 1): MakeCase =>
  (r) => {
    const count = r.flag() ? r.size(1, 100) : r.size(4000, 13000);
    const x = r.real(count, low, high);
    const reals = new Float32Array(r.buffer);
    for (let i = 0; i < 9; i++) {
      const odd = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][r.size(0, exact ? 4 : 1)];
      reals[x / 4 + r.size(0, count - 1)] = odd as number;
    }
    const out = r.blankDouble(chunkCount(count));
    const output = doubleOutput(out, chunkCount(count), exact ? 0 : 4, exact ? 0 : 64);
    return { args: [out, x, count], units: chunkCount(count), outputs: [output] };
  };

const folded =
  (real: boolean): MakeCase =>
  (r) => {
    const chunks = r.size(1, 30);
    const partials = r.double(...Array.from({ length: chunks }, () => r.between(-1, 1)));
    const out = r.blankDouble(1);
    return {
      args: [out, partials, chunks, r.between(0.1, 2)],
      units: 1,
      outputs: [real ? realOutput(out, 1, 0) : doubleOutput(out, 1, 0)],
    };
  };

export const reductionCases: CasesOf<ReductionKernels> = {
  sumRows: (r) => {
    const [rows, columns] = [r.size(1, 300), r.size(1, 23)];
    const out = r.blank(columns);
    const args = [out, r.real(rows * columns), rows, columns, r.between(0.5, 2)];
    return { args, units: columns, outputs: [realOutput(out, columns, 4, Math.max(2, rows / 2))] };
  },
  sumColumns: byRows((out, rows, columns) => realOutput(out, rows, 4, Math.max(2, columns / 2)), true),
  maxColumns: byRows((out, rows) => realOutput(out, rows, 0), false),
  argmaxColumns: byRows((out, rows) => integerOutput(out, rows), false),
  argminColumns: byRows((out, rows) => integerOutput(out, rows), false),
  sumChunks: chunked(false),
  sumSquaresChunks: chunked(false),
  nonFiniteChunks: chunked(true),
  zeroChunks: chunked(true),
  foldPartials: folded(false),
  sumPartials: folded(true),
  clipFactor: (r) => {
    const out = r.blankDouble(1);
    const args = [out, r.double(r.size(0, 4) * r.between(0, 4)), r.between(0.5, 3)];
    return { args, units: 1, outputs: [doubleOutput(out, 1, 0)] };
  },
  everActive: (r) => {
    const [rows, columns] = [r.size(1, 5), r.size(1, 23)];
    const seen = r.integer(columns, 0, 1);
    return {
      args: [seen, r.real(rows * columns, -2, 1), rows, columns],
      units: columns,
      outputs: [integerOutput(seen, columns)],
    };
  },
};

export const normalisationCases: CasesOf<NormalisationKernels> = {
  batchNormStatistics: (r) => {
    const [rows, columns] = [r.size(2, 300), r.size(1, 41)];
    const [mean, variance, inverse] = [r.blank(columns), r.blank(columns), r.blank(columns)];
    const args = [mean, variance, inverse, r.real(rows * columns, 1, 3), rows, columns, 1e-5];
    const outputs = [
      realOutput(mean, columns, 4, 2),
      realOutput(variance, columns, 16, 0.2),
      realOutput(inverse, columns, 32, 2),
    ];
    return { args, units: columns, outputs };
  },
  inverseDeviation: (r) => {
    const columns = r.size(1, 23);
    const out = r.blank(columns);
    return { args: [out, r.real(columns, 0, 2), 1e-5], units: columns, outputs: [realOutput(out, columns, 3)] };
  },
  batchNorm: (r) => {
    const [rows, columns] = [r.size(1, 40), r.size(1, 23)];
    const out = r.blank(rows * columns);
    const vectors = [r.real(columns), r.real(columns, 0.5, 2), r.real(columns), r.real(columns)];
    const args = [out, r.real(rows * columns, -3, 3), ...vectors, columns, r.size(0, 7), 0.25];
    return { args, units: rows, outputs: [realOutput(out, rows * columns, 6, 4)] };
  },
  batchNormParameterGrad: (r) => {
    const [rows, columns] = [r.size(1, 300), r.size(1, 41)];
    const [dgamma, dbeta] = [r.blank(columns), r.blank(columns)];
    const gradients = [r.real(rows * columns), r.maybeReal(rows * columns)];
    const inputs = [...gradients, r.real(rows * columns), r.real(columns), r.real(columns, 0.5, 2)];
    const outputs = [
      realOutput(dgamma, columns, 4, Math.max(2, rows / 2)),
      realOutput(dbeta, columns, 4, Math.max(2, rows / 2)),
    ];
    return { args: [dgamma, dbeta, ...inputs, rows, columns], units: columns, outputs };
  },
  batchNormInputGrad: (r) => {
    const [rows, columns] = [r.size(1, 40), r.size(1, 23)];
    const dx = r.blank(rows * columns);
    const gradients = [r.real(rows * columns), r.maybeReal(rows * columns)];
    const inputs = [...gradients, r.real(rows * columns), r.real(columns), r.real(columns, 0.5, 2)];
    const parameters = [r.real(columns), r.real(columns), r.real(columns)];
    return {
      args: [dx, ...inputs, ...parameters, rows, columns],
      units: rows,
      outputs: [realOutput(dx, rows * columns, 6, 4)],
    };
  },
  batchNormFrozenInputGrad: (r) => {
    const [rows, columns] = [r.size(1, 20), r.size(1, 23)];
    const dx = r.blank(rows * columns);
    const args = [dx, r.real(rows * columns), r.real(columns, 0.5, 2), r.real(columns), columns];
    return { args, units: rows, outputs: [realOutput(dx, rows * columns, 2)] };
  },
  runningAverage: (r) => {
    const columns = r.size(1, 23);
    const running = r.real(columns);
    const args = [running, r.real(columns), r.between(0, 1), r.between(1, 2)];
    return { args, units: columns, outputs: [realOutput(running, columns, 3, 2)] };
  },
};
