import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandomStream } from "../../../src/engine/kernels/philox.ts";
import {
  foldInterval,
  foldQuantileInterval,
  guaranteedByFolds,
  isInFoldSet,
  scoresOfClasses,
} from "../../../src/stats/conformal/fold-coverage.ts";
import { foldIntervals, foldSets } from "../../../src/stats/conformal/fold-report.ts";
import { leaveOneOutInterval } from "../../../src/stats/conformal/leave-one-out.ts";
import {
  foldQuantileIntervals,
  quantileInterval,
  quantileIntervals,
} from "../../../src/stats/conformal/quantile-intervals.ts";
import { withCoverage } from "../../../src/stats/conformal/with-coverage.ts";

const { uniform } = createRandomStream({ seedLow: 5, seedHigh: 0, purpose: 1, index: 0 });
const where = { folds: 3, foldOf: Int32Array.from({ length: 30 }, (_, i) => Math.floor(i / 10)) };
const truths = Float64Array.from({ length: 30 }, () => 10 * uniform());
const predictions = truths.map((truth) => truth + uniform() - 0.5);

describe("CV+", () => {
  test("goes from the ⌊α(n + 1)⌋-th smallest μ − R to the ⌈(1 − α)(n + 1)⌉-th smallest μ + R, each with its fold's μ", () => {
    const conformal = foldIntervals(where, { predictions, truths, counts: false });
    expect(conformal).toMatchObject({ type: "fold_intervals", rows: 30, least: null });
    expect(conformal.folds.map(({ length }) => length)).toEqual([10, 10, 10]);
    const said = [4, 4.3, 3.6];
    for (const coverage of [0.5, 0.8, 0.9, 0.95]) {
      const residuals = Array.from(truths, (truth, i) => Math.abs(truth - predictions[i]!));
      const sorted = (sign: number) =>
        residuals.map((r, i) => said[where.foldOf[i]!]! + sign * r).toSorted((a, b) => a - b);
      const { lower, upper } = foldInterval(conformal, said, coverage);
      expect(lower).toBe(sorted(-1)[Math.floor(31 * (1 - coverage) + 1e-9) - 1]);
      expect(upper).toBe(sorted(1)[Math.ceil(31 * coverage - 1e-9) - 1]);
    }
    expect(foldInterval(conformal, said, 0.99)).toEqual({
      lower: Number.NEGATIVE_INFINITY,
      upper: Number.POSITIVE_INFINITY,
    });
    expect(foldInterval({ ...conformal, least: 0 }, [0, 0, 0], 0.9).lower).toBe(0);
  });

  test("of quantiles goes from the smallest lower − Q to the largest upper + Q, by tails with Q of each end; with one model it is that of split conformal prediction", () => {
    const held = {
      ...{ predictions, truths },
      lower: predictions.map((value, i) => value - 0.2 - 0.01 * (i % 7)),
      upper: predictions.map((value, i) => value + 0.1 + 0.01 * (i % 5)),
    };
    const conformal = foldQuantileIntervals(0.5, where, held);
    expect(conformal).toMatchObject({ type: "fold_quantile_intervals", rows: 30, interval: 0.5 });
    const said = [4, 4.3, 3.6].map((value, k) => ({
      value,
      quantiles: { lower: value - 0.2 - k / 10, upper: value + 0.3 },
    }));
    const below = Array.from(truths, (truth, i) => held.lower[i]! - truth);
    const above = Array.from(truths, (truth, i) => truth - held.upper[i]!);
    for (const [coverageMethod, coverage] of [
      ["adaptive", 0.8],
      ["adaptive", 0.9],
      ["tails", 0.8],
    ] as const) {
      const tails = coverageMethod === "tails";
      const either = below.map((own, i) => Math.max(own, above[i]!));
      const of = (i: number) => said[where.foldOf[i]!]!.quantiles;
      const lowers = (tails ? below : either).map((score, i) => of(i).lower - score).toSorted((a, b) => a - b);
      const uppers = (tails ? above : either).map((score, i) => of(i).upper + score).toSorted((a, b) => a - b);
      const rank = Math.ceil(31 * (tails ? (1 + coverage) / 2 : coverage) - 1e-9);
      const found = foldQuantileInterval(conformal, said, { coverage, coverageMethod });
      expect(found).toEqual({ lower: lowers[30 - rank], upper: uppers[rank - 1] });
    }
    const one = said.map(() => said[0]!);
    for (const coverageMethod of ["adaptive", "tails", "marginal"] as const)
      for (const coverage of [0.05, 0.5, 0.8, 0.9, 0.99]) {
        const found = foldQuantileInterval(conformal, one, { coverage, coverageMethod });
        const split = quantileInterval(quantileIntervals(0.5, held), said[0]!, { coverage, coverageMethod });
        expect(found.lower).toBeCloseTo(split.lower, 12);
        expect(found.upper).toBeCloseTo(split.upper, 12);
      }
    const numbers = () => ({
      width: 3,
      folds: said.map(({ value, quantiles }) => Float64Array.of(value, quantiles.lower, quantiles.upper)),
    });
    const asked = { coverage: 0.8, coverageMethod: "tails", emptySets: false } as const;
    const { predictions: answers, coverage } = withCoverage([{ value: 4 }], conformal, asked, numbers);
    expect(answers).toEqual([{ value: 4, interval: foldQuantileInterval(conformal, said, asked) }]);
    // Of each tail 1 − 2 · 0.1 − min(2 · (2/3)/11, (27/30)/4) is proven.
    expect(coverage.guaranteed).toBeCloseTo(1 - 2 * (0.2 + 4 / 33), 12);
    expect(
      withCoverage([{ value: 4 }], conformal, { ...asked, unproven: true }, numbers).coverage.guaranteed,
    ).toBeNull();
  });

  test("with one μ for all folds is split conformal prediction", () => {
    const conformal = foldIntervals(where, { predictions, truths, counts: false });
    const all = conformal.folds.flat().toSorted((a, b) => a - b);
    const { lower, upper } = foldInterval(conformal, [1, 1, 1], 0.9);
    expect(upper - 1).toBe(1 + all[27]! - 1);
    expect(1 - lower).toBeCloseTo(all[27]!, 12);
  });

  test("sets hold the classes that enough rows are no better in, of all rows or of the class's own", () => {
    const classes = ["a", "b"];
    const labels = Int32Array.from({ length: 30 }, (_, i) => (i % 5 === 0 ? 1 : 0));
    const chances = Float64Array.from({ length: 30 }, () => uniform());
    const probabilities = Float64Array.from({ length: 60 }, (_, i) =>
      i % 2 === 0 ? 1 - chances[i >> 1]! : chances[i >> 1]!,
    );
    const conformal = foldSets(where, { classes, probabilities, truths: labels });
    expect(conformal.classes.map(({ rows }) => rows)).toEqual([24, 6]);
    const own = (place: number) => Array.from(labels.keys()).filter((i) => labels[i] === place);
    const score = (i: number): number => 1 - probabilities[2 * i + labels[i]!]!;
    const said = [0.2, 0.35, 0.5];
    for (const method of ["adaptive", "marginal"] as const)
      for (const [place, label] of classes.entries()) {
        const rows = method === "adaptive" ? own(place) : Array.from(labels.keys());
        const worse = rows.filter((i) => score(i) >= said[where.foldOf[i]!]!).length;
        const needed = Math.floor((rows.length + 1) * 0.2 + 1e-9);
        const scores = scoresOfClasses(conformal, method).get(label)!;
        expect(isInFoldSet(scores, (fold) => said[fold]!, 0.8)).toBe(worse >= needed);
      }
  });

  test("answers say how many rows they go by and what is proven; too few rows are refused", () => {
    const conformal = foldIntervals(where, { predictions, truths, counts: false });
    const asked = { coverage: 0.9, coverageMethod: "adaptive", emptySets: false } as const;
    const numbers = () => ({ width: 1, folds: [4, 4.3, 3.6].map((value) => Float64Array.of(value)) });
    const { predictions: answers, coverage } = withCoverage([{ value: 4 }], conformal, asked, numbers);
    expect(answers).toEqual([{ value: 4, interval: foldInterval(conformal, [4, 4.3, 3.6], 0.9) }]);
    expect(coverage).toMatchObject({ level: 0.9, rows: 30 });
    // 1 − 2 · 0.1 − min(2 · (2/3)/11, (27/30)/4).
    expect(coverage.guaranteed).toBeCloseTo(0.8 - 4 / 33, 12);
    expect(guaranteedByFolds(0.9, 50, 50)).toBeCloseTo(0.8, 12);
    expect(() => withCoverage([{ value: 4 }], conformal, { ...asked, coverage: 0.99 }, numbers)).toThrow(/needs 99/);
  });
});

describe("at growing coverage", () => {
  const levels = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);
  const number = fc.double({ min: -5, max: 5, noNaN: true });
  const residual = fc.double({ min: 0, max: 3, noNaN: true });
  const some = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 8 });
  /** Of the property that failed fast-check prints the seed and the case. */
  const isNested = (at: (coverage: number) => { lower: number; upper: number }, least = Number.NEGATIVE_INFINITY) => {
    const intervals = levels.map(at);
    const broken = intervals.flatMap(({ lower, upper }, i) => {
      const inner = intervals[Math.max(0, i - 1)]!;
      const holds = least <= lower && lower <= upper && lower <= inner.lower && inner.upper <= upper;
      return holds ? [] : [{ level: levels[i], lower, upper, inner }];
    });
    expect(broken).toEqual([]);
  };

  test("each interval of CV+ lies in those of more coverage; from 0.5 on it is the formula's", () => {
    const folds = fc.array(fc.record({ said: number, scores: some(residual) }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(folds, (data) => {
        const conformal = { folds: data.map(({ scores }) => scores), least: null };
        const said = data.map((one) => one.said);
        isNested((coverage) => foldInterval(conformal, said, coverage));
        const counts = said.map(Math.abs);
        isNested((coverage) => foldInterval({ ...conformal, least: 0 }, counts, coverage), 0);
        const ends = (sign: number) =>
          data.flatMap((one) => one.scores.map((r) => one.said + sign * r)).toSorted((a, b) => a - b);
        const [lowers, uppers] = [ends(-1), ends(1)];
        for (const coverage of levels.slice(49)) {
          const rank = Math.ceil((lowers.length + 1) * coverage - 1e-12);
          const formula =
            rank > lowers.length
              ? { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY }
              : { lower: lowers.at(-rank)!, upper: uppers[rank - 1]! };
          expect(foldInterval(conformal, said, coverage)).toEqual(formula);
        }
      }),
    );
  });

  test("where its ends cross it is the middle of the first in which they do not", () => {
    const conformal = {
      folds: [
        [0.1, 0.1],
        [0.1, 0.1],
      ],
      least: null,
    };
    const at = (coverage: number) => foldInterval(conformal, [0, 1], coverage);
    // Of 4 rows the third smallest μ + R is 1.1 and the second smallest μ − R −0.1, the second smallest 0.1 and the third smallest 0.9.
    expect(at(0.6)).toEqual({ lower: -0.1, upper: 1.1 });
    for (const coverage of [0.1, 0.2, 0.3, 0.4]) expect(at(coverage)).toEqual({ lower: 0.5, upper: 0.5 });
  });

  test("so does each of quantiles, of one model and of the folds', by each method", () => {
    const row = fc.record({ below: number, above: number, residual });
    const fold = fc.record({ value: number, lower: number, upper: number, rows: some(row) });
    const sorted = (values: number[]) => values.toSorted((a, b) => a - b);
    fc.assert(
      fc.property(fc.array(fold, { minLength: 2, maxLength: 6 }), (data) => {
        const folds = data.map(({ rows }) => ({
          scores: sorted(rows.map(({ below, above }) => Math.max(below, above))),
          lower: sorted(rows.map(({ below }) => below)),
          upper: sorted(rows.map(({ above }) => above)),
          residuals: sorted(rows.map((one) => one.residual)),
        }));
        const said = data.map(({ value, lower, upper }) => ({ value, quantiles: { lower, upper } }));
        const own = { type: "quantile_intervals" as const, rows: 1, interval: 0.9, byFifth: [], ...folds[0]! };
        for (const coverageMethod of ["adaptive", "marginal", "tails"] as const) {
          isNested((coverage) => foldQuantileInterval({ folds }, said, { coverage, coverageMethod }));
          isNested((coverage) => quantileInterval(own, said[0]!, { coverage, coverageMethod }));
        }
      }),
    );
  });

  test("so does each of the jackknife+, with rows that the fit cannot do without", () => {
    const row = fc.record({ residual: fc.option(number, { freq: 5 }), influence: fc.tuple(number, number) });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), number, number, (rows, value, input) => {
        const conformal = {
          residuals: rows.map((one) => one.residual),
          influences: rows.map(({ influence }) => [...influence]),
        };
        isNested((coverage) => leaveOneOutInterval(conformal, { value, inputs: [input] }, coverage));
      }),
    );
  });
});
