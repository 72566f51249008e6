import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quantileInterval, quantileIntervals } from "../../../src/stats/conformal/quantile-intervals.ts";
import { withCoverage } from "../../../src/stats/conformal/with-coverage.ts";
import { exportStored } from "../../../workers/exporting/export-stored.ts";
import { bytesOf, runOnnx } from "../../exporting/runtime.ts";
import { randomOf } from "../../stats/conformal/draws.ts";
import { createJobs } from "./jobs.ts";

/** The noise grows with b, which the mean does not depend on: widths by the prediction cannot know of it. */
const createRows = (seed: number) => {
  const { uniform, normal } = randomOf(seed);
  return (count: number) =>
    Array.from({ length: count }, () => {
      const [a, b] = [uniform(), uniform()];
      return { a, b, y: 3 * a + (0.1 + 2 * b) * normal() };
    });
};
const csvOf = (rows: readonly { a: number; b: number; y: number }[]): string =>
  `a,b,y\n${rows.map(({ a, b, y }) => `${a},${b},${y}`).join("\n")}\n`;
const task = { type: "regression", label: "y" } as const;
const loss = { type: "pinball", interval: 0.8 } as const;

test("scores and intervals are those of Romano, Patterson and Candès, by hand", () => {
  const truths = Array.from({ length: 19 }, (_, i) => i + 1);
  const of = { predictions: truths.map(() => 10), lower: truths.map(() => 5), upper: truths.map(() => 16), truths };
  const conformal = quantileIntervals(0.5, of);
  expect(conformal.scores).toEqual([-5, -5, -4, -4, -3, -3, -2, -2, -1, -1, 0, 0, 1, 1, 2, 2, 3, 3, 4]);
  const said = { value: 10, quantiles: { lower: 5, upper: 16 } };
  // ⌈20 · 0.9⌉ = 18, the eighteenth score is 3; of each tail ⌈20 · 0.95⌉ = 19, the largest of 4 and of 3.
  const by = (coverageMethod: "adaptive" | "tails" | "marginal") =>
    quantileInterval(conformal, said, { coverage: 0.9, coverageMethod });
  expect(by("adaptive")).toEqual({ lower: 2, upper: 19 });
  expect(by("tails")).toEqual({ lower: 1, upper: 19 });
  expect(by("marginal")).toEqual({ lower: 1, upper: 19 });
  // Twelfth of twenty: nothing is added. And where more than the width is taken away no interval is empty.
  expect(quantileInterval(conformal, said, { coverage: 0.6, coverageMethod: "adaptive" })).toEqual({
    lower: 5,
    upper: 16,
  });
  const narrow = { value: 10, quantiles: { lower: 9, upper: 11 } };
  expect(quantileInterval(conformal, narrow, { coverage: 0.1, coverageMethod: "adaptive" })).toEqual({
    lower: 10,
    upper: 10,
  });
  // Of skewed labels the tails' ends move by different steps.
  const skewed = { ...of, truths: truths.map((y) => y ** 3 / 100) };
  for (const scores of [conformal, quantileIntervals(0.5, skewed)])
    for (const coverageMethod of ["adaptive", "tails"] as const) {
      const nested = [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95].map((coverage) =>
        quantileInterval(scores, narrow, { coverage, coverageMethod }),
      );
      expect(nested[0]!.lower).toBe(nested[0]!.upper);
      for (const [i, inner] of nested.slice(0, -1).entries()) {
        const outer = nested[i + 1]!;
        expect(outer.lower <= inner.lower && inner.lower <= inner.upper && inner.upper <= outer.upper).toBe(true);
      }
    }
});

test("a new label is held with the probability ⌈(n + 1)c⌉/(n + 1), and left out as often below as above by tails: 4000 draws of 39 rows", () => {
  const { normal } = randomOf(11);
  const draws = 4000;
  const found = { adaptive: 0, tails: 0, below: 0, above: 0 };
  for (let draw = 0; draw < draws; draw++) {
    // A skewed label, and quantiles that are wrong.
    const truths = Array.from({ length: 40 }, () => Math.exp(normal()));
    const kept = truths.slice(0, 39);
    const constant = (value: number): number[] => kept.map(() => value);
    const of = { predictions: constant(1), lower: constant(0.8), upper: constant(1.1), truths: kept };
    const conformal = quantileIntervals(0.5, of);
    const said = { value: 1, quantiles: { lower: 0.8, upper: 1.1 } };
    const fresh = truths[39]!;
    const adaptive = quantileInterval(conformal, said, { coverage: 0.8, coverageMethod: "adaptive" });
    const tails = quantileInterval(conformal, said, { coverage: 0.8, coverageMethod: "tails" });
    if (adaptive.lower <= fresh && fresh <= adaptive.upper) found.adaptive += 1;
    if (fresh < tails.lower) found.below += 1;
    else if (fresh > tails.upper) found.above += 1;
    else found.tails += 1;
  }
  const near = (hits: number, share: number): void =>
    expect(Math.abs(hits / draws - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / draws));
  near(found.adaptive, 32 / 40);
  near(found.tails, 32 / 40);
  near(found.below, 4 / 40);
  near(found.above, 4 / 40);
});

describe("one job predicts a quantile and those about it", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs?.close());

  test.each([
    { type: "quantile" },
    { type: "mlp", hidden: [16] },
    { type: "ensemble", members: [{ hidden: [8] }, { hidden: [16] }] },
  ] as const)("$type: intervals are as wide as the noise is, and hold what they promise", async (model) => {
    const rowsOf = createRows(7);
    const run = await jobs.train(csvOf(rowsOf(1500)), {
      ...{ task, loss, model: model as never },
      training: {
        split: { validation: 0, test: 0.4 },
        ...(model.type === "quantile" ? {} : { epochs: 30, penaltySearch: false }),
      },
    });
    const { model: record, report, predict } = await jobs.modelOf(run);
    if (report.task !== "regression" || report.conformal?.type !== "quantile_intervals") throw new Error(report.task);
    const { conformal, between, below } = report;
    expect(conformal.rows).toBe(600);
    expect(between?.interval).toBe(0.8);
    expect(Math.abs(between!.share.value - 0.8)).toBeLessThan(0.08);
    expect(below?.quantile).toBe(0.5);
    const fresh = rowsOf(3000);
    const { predictions } = predict(...fresh.map(({ a, b }) => ({ a, b })));
    for (const each of predictions) {
      if (!("value" in each) || each.quantiles === undefined) throw new Error("quantiles are wanted");
      expect(each.quantiles.lower <= each.value && each.value <= each.quantiles.upper).toBe(true);
    }
    for (const coverageMethod of ["adaptive", "tails", "marginal"] as const) {
      const asked = { coverage: 0.8, coverageMethod, emptySets: false };
      const answer = withCoverage(predictions, conformal, asked);
      expect(answer.coverage).toEqual({ level: 0.8, method: coverageMethod, rows: 600, guaranteed: 0.8 });
      const held = answer.predictions.map((each, i) => {
        if (!("value" in each) || each.interval === undefined) throw new Error("an interval is wanted");
        return fresh[i]!.y >= each.interval.lower && fresh[i]!.y <= each.interval.upper;
      });
      const shareOf = (keep: (b: number) => boolean): number => {
        const own = held.filter((_, i) => keep(fresh[i]!.b));
        return own.filter(Boolean).length / own.length;
      };
      // Of 600 scores the coverage varies by 1.6 %, of 3000 rows by 0.7 %: four deviations.
      expect(Math.abs(shareOf(() => true) - 0.8)).toBeLessThan(0.07);
      const [quiet, loud] = [shareOf((b) => b < 0.25), shareOf((b) => b > 0.75)];
      if (coverageMethod === "marginal") expect(quiet - loud).toBeGreaterThan(0.3);
      else expect(Math.abs(quiet - loud)).toBeLessThan(0.15);
    }
    const rows = fresh.slice(0, 20);
    const column = (name: "a" | "b") => ({
      ...{ type: "float64" as const, dims: [20, 1] },
      data: Float64Array.from(rows, (row) => row[name]),
    });
    const file = bytesOf(await exportStored(jobs.artifacts, "default", record, { preprocessing: true }));
    const outputs = await runOnnx(file, { a: column("a"), b: column("b") });
    for (const [i, each] of predictions.slice(0, 20).entries()) {
      if (!("value" in each) || each.quantiles === undefined) throw new Error("quantiles are wanted");
      expect(outputs.value!.data[i]).toBeCloseTo(each.value, 4);
      expect(outputs.lower!.data[i]).toBeCloseTo(each.quantiles.lower, 4);
      expect(outputs.upper!.data[i]).toBeCloseTo(each.quantiles.upper, 4);
    }
  });

  test("the quantile in the middle of a solved model is that of the same job without an interval, and so are the others", async () => {
    const csv = csvOf(createRows(9)(200));
    const weightsOf = async (own: Record<string, unknown>) => {
      const run = await jobs.train(csv, { task, model: { type: "quantile" }, loss: { type: "pinball", ...own } });
      const { predict } = await jobs.modelOf(run);
      return predict({ a: 0.3, b: 0.6 }).predictions[0]!;
    };
    const [three, middle, lower] = [
      await weightsOf({ interval: 0.8 }),
      await weightsOf({}),
      await weightsOf({ quantile: 0.1 }),
    ];
    if (!("value" in three) || !("value" in middle) || !("value" in lower)) throw new Error("values are wanted");
    expect(three.value).toBe(middle.value);
    expect(three.quantiles?.lower).toBeCloseTo(lower.value, 6);
    expect(middle.quantiles).toBeUndefined();
  });

  test("tails are refused where there are no quantiles, or too few rows for each; a quantile outside of its interval, too", async () => {
    const csv = csvOf(createRows(3)(80));
    const ask = { coverage: 0.9, coverageMethod: "tails", emptySets: false } as const;
    const conformalOf = async (own: object) => {
      const { report } = await jobs.modelOf(await jobs.train(csv, { task, ...own }));
      return report.task === "regression" ? report.conformal : null;
    };
    const plain = await conformalOf({ model: { type: "linear" } });
    expect(() => withCoverage([], plain, ask)).toThrow(/loss\.interval/);
    const few = await conformalOf({ model: { type: "quantile" }, loss });
    expect(() => withCoverage([], few, ask)).toThrow(/needs 19/);
    expect(withCoverage([], few, { ...ask, coverageMethod: "adaptive" }).coverage.rows).toBe(16);
    await expect(conformalOf({ model: { type: "quantile" }, loss: { ...loss, quantile: 0.95 } })).rejects.toThrow(
      /are 0\.1 and 0\.9, and 0\.95 does not lie between/,
    );
  });
});
