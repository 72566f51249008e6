import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { boundOf, heldByOthers, leastScores } from "../../../src/stats/conformal/scores.ts";
import { fitSpread, spreadAt } from "../../../src/stats/conformal/spread.ts";
import { withCoverage } from "../../../src/stats/conformal/with-coverage.ts";
import { createJobs } from "../../workers/training/jobs.ts";
import { randomOf } from "./draws.ts";

const share = (held: readonly boolean[]): number => held.filter((each) => each).length / held.length;

describe("a bound of conformal prediction", () => {
  test("is the ⌈(n + 1)·coverage⌉-th smallest score, and needs as many scores as it says", () => {
    const scores = Array.from({ length: 19 }, (_, i) => i);
    expect(boundOf(scores, 0.9)).toBe(17);
    expect(boundOf(scores.slice(0, 9), 0.9)).toBe(8);
    expect(boundOf(scores.slice(0, 8), 0.9)).toBe(Number.POSITIVE_INFINITY);
    expect([leastScores(0.9), leastScores(0.95), leastScores(0.5)]).toEqual([9, 19, 1]);
  });

  test("holds new scores with its probability, exactly for the n: 20,000 draws of 9, 30 and 99 scores", () => {
    const { uniform } = randomOf(5);
    for (const [n, coverage, truth] of [
      [9, 0.9, 9 / 10],
      [30, 0.9, 28 / 31],
      [99, 0.95, 95 / 100],
    ] as const) {
      const held = Array.from({ length: 20_000 }, () => {
        const scores = Float64Array.from({ length: n }, uniform).sort();
        return uniform() <= boundOf(scores, coverage);
      });
      // Four standard deviations of a share of 20,000.
      expect(Math.abs(share(held) - truth)).toBeLessThan(4 * Math.sqrt((truth * (1 - truth)) / 20_000));
    }
  });

  test("judges each of its own scores by the others", () => {
    const { uniform } = randomOf(8);
    const scores = Float64Array.from({ length: 57 }, uniform);
    const slow = Array.from(scores, (score, i) => score <= boundOf(scores.filter((_, j) => j !== i).sort(), 0.9));
    expect(heldByOthers(scores, 0.9)).toEqual(slow);
  });
});

test("the spread of residuals is learnt from groups of similar predictions", () => {
  const { normal } = randomOf(2);
  const predictions = Array.from({ length: 4000 }, (_, i) => i / 400);
  const spread = fitSpread(
    predictions,
    predictions.map((value) => value + (1 + value) * normal()),
  )!;
  for (const at of [1, 5, 9]) expect(spreadAt(spread, at) / (1 + at)).toBeCloseTo(Math.sqrt(2 / Math.PI), 0);
  expect(spreadAt(spread, -5)).toBe(spread.size[0]);
  expect(fitSpread([1, 1, 1], [1, 2, 3])).toBeNull();
});

describe("predictions with a promised coverage", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs?.close());
  const ask = { coverage: 0.9, coverageMethod: "adaptive", emptySets: false } as const;

  test.each([{ type: "linear" }, { type: "mlp" }] as const)(
    "hold nine of ten new values in each fifth, where the noise grows with the prediction: $type",
    async (model) => {
      const { uniform, normal } = randomOf(21);
      const rowOf = () => {
        const x = 5 * uniform();
        return { x, y: 2 * x + (0.1 + x) * normal() };
      };
      const csv = `x,y\n${Array.from({ length: 2500 }, rowOf)
        .map(({ x, y }) => `${x},${y}`)
        .join("\n")}\n`;
      const run = await jobs.train(csv, {
        task: { type: "regression", label: "y" },
        model,
        training: { split: { validation: 0, test: 0.4 }, ...(model.type === "mlp" ? { epochs: 20 } : {}) },
      });
      const { report, predict } = await jobs.modelOf(run);
      if (report.task !== "regression" || report.conformal?.type !== "intervals") throw new Error(report.task);
      expect(report.conformal.rows).toBe(1000);
      const fresh = Array.from({ length: 5000 }, rowOf).sort((a, b) => a.x - b.x);
      const { predictions } = predict(...fresh.map(({ x }) => ({ x })));
      const sharesOf = (coverageMethod: "adaptive" | "marginal"): number[] => {
        const answer = withCoverage(predictions, report.conformal, { ...ask, coverageMethod });
        expect(answer.coverage).toEqual({ level: 0.9, method: coverageMethod, rows: 1000, guaranteed: 0.9 });
        const held = answer.predictions.map((prediction, i) => {
          if (!("value" in prediction) || prediction.interval === undefined) throw new Error("an interval is wanted");
          return fresh[i]!.y >= prediction.interval.lower && fresh[i]!.y <= prediction.interval.upper;
        });
        return [0, 1, 2, 3, 4].map((fifth) => share(held.slice(1000 * fifth, 1000 * (fifth + 1))));
      };
      const [adaptive, marginal] = [sharesOf("adaptive"), sharesOf("marginal")];
      expect(Math.min(...adaptive)).toBeGreaterThan(0.85);
      expect(Math.max(...adaptive)).toBeLessThan(0.97);
      expect(marginal[0]).toBe(1);
      expect(marginal[4]).toBeLessThan(0.8);
      // The report has seen it on the held-out rows.
      const told = report.conformal.byFifth;
      expect(told).toHaveLength(5);
      for (const [i, fifth] of told.entries()) {
        expect(Math.abs(fifth.adaptive - adaptive[i]!)).toBeLessThan(0.08);
        expect(Math.abs(fifth.marginal - marginal[i]!)).toBeLessThan(0.08);
      }
    },
  );

  test("hold a rare class as often as the others, and are refused where too few rows were held out", async () => {
    const { uniform, normal } = randomOf(33);
    const rowOf = () => {
      const rare = uniform() < 0.12;
      return { x: normal() + (rare ? 1 : 0), y: rare ? "rare" : "common" };
    };
    const csvOf = (rows: number): string =>
      `x,y\n${Array.from({ length: rows }, rowOf)
        .map(({ x, y }) => `${x},${y}`)
        .join("\n")}\n`;
    const train = async (rows: number) =>
      jobs.modelOf(
        await jobs.train(csvOf(rows), {
          task: { type: "classification", label: "y" },
          model: { type: "logistic" },
          training: { split: { validation: 0, test: 0.4 } },
        }),
      );
    const { report, predict } = await train(2500);
    if (report.task !== "classification") throw new Error(report.task);
    const fresh = Array.from({ length: 4000 }, rowOf);
    const { predictions } = predict(...fresh.map(({ x }) => ({ x })));
    const sharesOf = (options: Partial<Parameters<typeof withCoverage>[2]>) => {
      const sets = withCoverage(predictions, report.conformal, { ...ask, ...options }).predictions.map((prediction) =>
        "label" in prediction && !("outputs" in prediction) ? (prediction.set ?? []) : [],
      );
      const shareOf = (label: string): number =>
        share(fresh.flatMap(({ y }, i) => (y === label ? [sets[i]!.includes(y)] : [])));
      return { rare: shareOf("rare"), common: shareOf("common"), empty: sets.some((set) => set.length === 0) };
    };
    const adaptive = sharesOf({});
    expect(adaptive.rare).toBeGreaterThan(0.82);
    expect(adaptive.common).toBeGreaterThan(0.87);
    expect(adaptive.empty).toBe(false);
    expect(sharesOf({ coverageMethod: "marginal" }).rare).toBeLessThan(0.5);
    expect(sharesOf({ coverage: 0.3, coverageMethod: "marginal", emptySets: true }).empty).toBe(true);

    const small = await train(80);
    const few = small.predict({ x: 0 });
    if (small.report.task !== "classification") throw new Error(small.report.task);
    const conformal = small.report.conformal;
    expect(() => withCoverage(few.predictions, conformal, { ...ask, coverage: 0.99 })).toThrow(
      expect.objectContaining({ code: "unprocessable", message: expect.stringContaining("needs 99") as string }),
    );
  });
});
