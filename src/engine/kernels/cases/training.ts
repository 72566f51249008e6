import type { GatherKernels } from "../families/gather.ts";
import type { LossKernels } from "../families/losses.ts";
import type { OptimiserKernels } from "../families/optimisers.ts";
import type { RandomKernels } from "../families/random.ts";
import { type CasesOf, doubleOutput, integerOutput, type MakeCase, realOutput, type Space } from "./case.ts";

const regression =
  (ulps: number, floor: number, low = -2, high = 2, extra: readonly number[] = [], widths = 1): MakeCase =>
  (r) => {
    const [rows, columns] = [r.size(1, 20), r.size(1, 9)];
    const n = rows * columns * widths;
    const loss = r.blank(rows);
    const x = r.real(n, low, high);
    const dx = [0, x, r.blank(n)][r.size(0, 2)] as number;
    const args = [
      loss,
      dx,
      x,
      r.real(rows * columns, low, high),
      r.maybeReal(rows, 0, 2),
      r.double(0.25),
      columns,
      ...extra,
    ];
    const outputs = [realOutput(loss, rows, ulps, floor * columns), ...(dx ? [realOutput(dx, n, ulps, floor)] : [])];
    return { args, units: rows, outputs };
  };

export const lossCases: CasesOf<LossKernels> = {
  softmaxCrossEntropy: (r) => {
    // Few classes go by lanes of rows, many by rows.
    const [rows, classes] = [r.size(1, 20), r.flag() ? r.size(1, 12) : r.size(1, 45)];
    const n = rows * classes;
    const loss = r.blank(rows);
    const x = r.real(n, -8, 8);
    const dx = [0, x, r.blank(n)][r.size(0, 2)] as number;
    const args = [
      ...[loss, dx, x, r.integer(rows, -1, classes), r.maybeReal(classes, 0, 2), r.maybeReal(rows, 0, 2)],
      ...[r.double(0.25), classes, r.flag() * 0.1],
    ];
    // A sum of n rounded terms is off by up to n/2 ulp; a row sums its exponentials, and with smoothing its targets and products.
    const outputs = [realOutput(loss, rows, 6 + classes, 4), ...(dx ? [realOutput(dx, n, 8 + classes, 0.25)] : [])];
    return { args, units: rows, outputs };
  },
  labelWeightScale: (r) => {
    const [rows, classes] = [r.size(1, 20), r.size(1, 9)];
    const out = r.blankDouble(1);
    const args = [
      out,
      r.integer(rows, -1, classes),
      r.maybeReal(classes, 0, 2),
      r.maybeReal(rows, 0, 2),
      rows,
      classes,
    ];
    return { args, units: 1, outputs: [doubleOutput(out, 1, 0)] };
  },
  binaryCrossEntropy: (r) => {
    const [rows, columns] = [r.size(1, 20), r.size(1, 9)];
    const n = rows * columns;
    const loss = r.blank(rows);
    const x = r.real(n, -20, 20);
    const dx = [0, x, r.blank(n)][r.size(0, 2)] as number;
    const args = [
      ...[
        loss,
        dx,
        x,
        r.real(n, 0, 1),
        r.maybeReal(columns, 0.5, 2),
        r.maybeReal(columns, 0.5, 2),
        r.maybeReal(rows, 0, 2),
      ],
      ...[r.double(0.25), columns, r.flag() * 0.1],
    ];
    const outputs = [realOutput(loss, rows, 8, 20), ...(dx ? [realOutput(dx, n, 8, 1)] : [])];
    return { args, units: rows, outputs };
  },
  squaredError: regression(4, 4),
  absoluteError: regression(4, 2),
  huber: regression(4, 2, -2, 2, [0.75]),
  poisson: regression(4, 8),
  gaussian: regression(6, 40, -2, 2, [], 2),
};

const state = (r: Space): number => r.integer(4, -(2 ** 31), 2 ** 31 - 1);
const purpose = (r: Space): number => r.size(0, 2 ** 31);

const random =
  (ulps: number, floor: number, ...extra: readonly number[]): MakeCase =>
  (r) => {
    const n = r.size(1, 90);
    const out = r.blank(n);
    return { args: [out, state(r), purpose(r), ...extra], units: n, outputs: [realOutput(out, n, ulps, floor)] };
  };

export const randomCases: CasesOf<RandomKernels> = {
  randomBits: (r) => {
    const n = r.size(1, 90);
    const out = r.blank(n);
    return { args: [out, state(r), purpose(r)], units: n, outputs: [integerOutput(out, n)] };
  },
  randomUniform: random(1, 2, -1, 1.5),
  randomNormal: random(4, 2, 0.5, 0.25),
  dropout: (r) => {
    const n = r.size(1, 90);
    const x = r.real(n);
    const out = r.flag() ? x : r.blank(n);
    return { args: [out, x, state(r), purpose(r), r.between(0, 0.9)], units: n, outputs: [realOutput(out, n, 1)] };
  },
};

const gather: MakeCase = (r) => {
  const [rows, columns, total] = [r.size(1, 20), r.size(1, 9), r.size(1, 30)];
  const out = r.blank(rows * columns);
  const cursor = r.flag() ? r.integer(1, 0, 4) : 0;
  const args = [out, r.integer(total * columns, -1000, 1000), r.integer(rows + 4, 0, total - 1), cursor, columns];
  return { args, units: rows, outputs: [integerOutput(out, rows * columns)] };
};

export const gatherCases: CasesOf<GatherKernels> = {
  gatherRows: (r) => {
    const { args, units, outputs } = gather(r);
    const [out] = outputs;
    return {
      args: [args[0]!, r.real(300), ...args.slice(2)],
      units,
      outputs: [realOutput(out!.pointer, out!.count, 0)],
    };
  },
  gatherIntegers: gather,
};

/** w, g, the rule's slots (none negative), hyper-parameters with corrections of a third step, clip, penalties; then the rule's own numbers. */
const rule =
  (slots: number, own: (r: Space) => readonly number[]): MakeCase =>
  (r) => {
    const n = r.size(1, 70);
    const w = r.real(n);
    const g = r.real(n);
    const memories = Array.from({ length: slots }, () => r.real(n, 0.01, 1));
    const hyper = r.double(r.between(0.001, 0.1), 0.271, 0.002997001, 0);
    const plain = r.flag();
    const clip = !plain && r.flag() ? r.double(r.between(0.1, 1)) : 0;
    const penalties = plain ? [0, 0, 0] : [r.flag() * 0.01, r.flag() * 0.1, r.flag() * 0.05];
    const args = [w, g, ...memories, hyper, clip, ...penalties, ...own(r)];
    return { args, units: n, outputs: [w, ...memories].map((pointer) => realOutput(pointer, n, 4, 1)) };
  };

export const optimiserCases: CasesOf<OptimiserKernels> = {
  sgd: rule(0, () => []),
  momentum: rule(1, (r) => [0.9, r.flag()]),
  adagrad: rule(1, (r) => [1e-10, r.flag()]),
  rmsprop: rule(1, (r) => [0.9, 1e-6, r.flag()]),
  adam: rule(2, () => [0.9, 0.999, 1e-8]),
};
