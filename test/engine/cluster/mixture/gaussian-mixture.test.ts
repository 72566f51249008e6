import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { degenerateMessage } from "../../../../src/engine/cluster/fit-progress.ts";
import type { CovarianceName, Mixture, MixtureWork } from "../../../../src/engine/cluster/mixture/covariance-form.ts";
import {
  akaikeCriterion,
  bayesianCriterion,
  covarianceForms,
  expect as expectation,
  freeParameters,
  maximise,
  weightsAfter,
} from "../../../../src/engine/cluster/mixture/expectation-maximisation.ts";
import type { Points } from "../../../../src/engine/cluster/points.ts";
import { createClusterPredictor } from "../../../../src/engine/cluster/predict-clusters.ts";
import { tableOf } from "../../../../src/engine/tensor/table.ts";
import { blobs, fitPoints, iris, type RecordedMixture, recorded, rowWork, toSpec } from "../iris.ts";

const forms: CovarianceName[] = ["full", "tied", "diagonal", "spherical"];
const sizeOf = (shape: readonly number[]): number => shape.reduce((size, axis) => size * axis, 1);

const workFor = (name: CovarianceName, rows: number, k: number, d: number): MixtureWork => ({
  ...rowWork(k, d),
  responsibilities: new Float64Array(rows * k),
  weighedRows: null,
  counts: new Float64Array(k),
  factors: new Float64Array(covarianceForms[name].factorSize(k, d)),
});

/** Equal weights, unit covariances and the given means. */
const startAt = (name: CovarianceName, means: Float64Array, k: number, d: number): Mixture => {
  const shape = covarianceForms[name].shape(k, d);
  const unit =
    name === "full" || name === "tied" ? (i: number) => (Math.floor((i % (d * d)) / d) === i % d ? 1 : 0) : () => 1;
  return {
    weights: new Float64Array(k).fill(1 / k),
    means,
    covariances: Float64Array.from({ length: sizeOf(shape) }, (_, i) => unit(i)),
  };
};

/** Runs EM and returns the log-likelihoods, the first one that of the start. */
const run = (
  name: CovarianceName,
  points: Points,
  k: number,
  mixture: Mixture,
  work: MixtureWork,
  regularization: number,
  steps: number,
): number[] => {
  const form = covarianceForms[name];
  const likelihoods: number[] = [];
  for (let step = 0; step <= steps; step++) {
    if (step > 0)
      maximise(form, points, k, mixture, work, weightsAfter(form, k, points.columns, mixture, work), regularization);
    if (form.factor(mixture, k, points.columns, work.factors) >= 0) break;
    likelihoods.push(expectation(form, points, k, mixture, work));
  }
  return likelihoods;
};

const expectClose = (actual: ArrayLike<number>, wanted: readonly number[], tolerance: number): void => {
  expect(actual.length).toBe(wanted.length);
  for (const [i, value] of wanted.entries())
    expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(tolerance * (1 + Math.abs(value)));
};

describe.each(forms)("a mixture with %s covariance", (name) => {
  const compare = (steps: number, wanted: RecordedMixture, tolerance: number) => {
    const mixture = startAt(name, Float64Array.from(recorded.kMeans.start), 3, 4);
    const work = workFor(name, iris.rows, 3, 4);
    const total = run(name, iris, 3, mixture, work, 1e-6, steps).at(-1)!;
    const parameters = freeParameters(covarianceForms[name], 3, 4);
    expectClose(mixture.weights, wanted.weights, tolerance);
    expectClose(mixture.means, wanted.means, tolerance);
    expectClose(mixture.covariances, wanted.covariances, tolerance);
    expectClose(work.responsibilities.subarray(48 * 3, 53 * 3), wanted.responsibilities, tolerance);
    expectClose(
      [total, bayesianCriterion(total, parameters, iris.rows), akaikeCriterion(total, parameters)],
      [wanted.logLikelihood, wanted.bic, wanted.aic],
      tolerance,
    );
  };
  it("is scikit-learn's after three iterations", () => compare(3, recorded.mixtures[name].three, 1e-10));
  it("is scikit-learn's when converged", () => compare(1000, recorded.mixtures[name].converged, 1e-6));

  it("never lowers the likelihood", () => {
    const arbitrary = fc.record({
      seed: fc.integer({ min: 1, max: 1e6 }),
      k: fc.integer({ min: 1, max: 4 }),
      d: fc.integer({ min: 1, max: 3 }),
      rows: fc.integer({ min: 25, max: 60 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ seed, k, d, rows }) => {
        const points = blobs([new Array<number>(d).fill(0), new Array<number>(d).fill(1.5)], rows, 1, seed);
        const mixture = startAt(name, Float64Array.from(points.values.subarray(0, k * d)), k, d);
        const likelihoods = run(name, points, k, mixture, workFor(name, points.rows, k, d), 0, 25);
        for (const [i, value] of likelihoods.entries()) {
          if (i > 0) expect(value).toBeGreaterThanOrEqual(likelihoods[i - 1]! - 1e-7 * Math.abs(value));
        }
      }),
      { numRuns: 40 },
    );
  });

  it("does not care how its components are numbered", () => {
    const means = Float64Array.from(recorded.kMeans.start);
    const turned = Float64Array.from([...means.subarray(4), ...means.subarray(0, 4)]);
    const [first, second] = [means, turned].map((start) =>
      run(name, iris, 3, startAt(name, start, 3, 4), workFor(name, iris.rows, 3, 4), 1e-6, 20),
    );
    expectClose(first!, second!, 1e-12);
  });

  it("has a density that integrates to one, in the data's own units", async () => {
    const points = blobs([[-2], [3]], 50, 1);
    const { tensors } = await fitPoints(
      toSpec({ type: "gaussian_mixture", components: 2, covariance: name, regularization: 1e-6, restarts: 2 }),
      points,
    );
    const scale = 40;
    const predict = createClusterPredictor({
      model: "gaussian_mixture",
      tensors,
      covariance: name,
      logScale: Math.log(scale),
    });
    const [count, width] = [20_000, 30];
    const grid: Points = tableOf(
      Float32Array.from({ length: count }, (_, i) => (i / count - 0.5) * width),
      1,
    );
    const prediction = predict(grid);
    if (prediction.model !== "gaussian_mixture") throw new Error("another model");
    const integral = prediction.logDensities.reduce(
      (sum, value) => sum + Math.exp(value) * ((width * scale) / count),
      0,
    );
    expect(integral).toBeCloseTo(1, 6);
  });
});

describe("a Gaussian mixture job", () => {
  const spec = (components: number | { from: number; to: number }, regularization = 1e-6) =>
    toSpec({ type: "gaussian_mixture", components, covariance: "full", regularization, restarts: 5 }, { epochs: 2000 });

  it("chooses by BIC the two components that BIC is known to choose on iris", async () => {
    const { metrics, tensors } = await fitPoints(spec({ from: 1, to: 5 }), iris);
    expect(metrics.k).toBe(2);
    expect(tensors.map(({ name, shape }) => [name, shape])).toEqual([
      ["weights", [2]],
      ["means", [2, 4]],
      ["covariances", [2, 4, 4]],
    ]);
    const parameters = freeParameters(covarianceForms.full, 2, 4);
    expect(metrics.bic).toBeCloseTo(-2 * metrics.logLikelihood! + parameters * Math.log(150), 8);
  });

  it("reports likelihoods in the original units", async () => {
    const plain = (await fitPoints(spec(2), iris)).metrics;
    const scaled = (await fitPoints(spec(2), iris, { logScale: 3 })).metrics;
    expect(scaled.logLikelihood).toBeCloseTo(plain.logLikelihood! - 450, 8);
    expect(scaled.trainLoss).toBeCloseTo(plain.trainLoss! + 3, 10);
  });

  it("does not let a component that closes in on equal values win by its likelihood", async () => {
    // Iris is measured in steps of 0.1 cm: with eight components one always finds a handful of equal widths.
    const { metrics, tensors } = await fitPoints(spec({ from: 1, to: 8 }), iris);
    expect(metrics.k).toBe(2);
    const diagonal = tensors[2]!.values.filter((_, i) => (i % 16) % 5 === 0);
    expect(Math.min(...diagonal)).toBeGreaterThan(1e-3);
  });

  it("gives advice that one component can follow", () => {
    expect(degenerateMessage(1)).not.toMatch(/fewer components/);
    expect(degenerateMessage(2)).toMatch(/fewer components/);
  });

  it("says so when every fit is degenerate", async () => {
    const points: Points = tableOf(
      Float32Array.from({ length: 60 }, (_, i) => Math.floor(i / 2)),
      2,
    );
    const events: string[] = [];
    await fitPoints(spec(1), points, { onEvent: ({ type }) => events.push(type) });
    expect(events).toContain("degenerate_component");
  });

  it("fails with a hint when no covariance is positive definite", async () => {
    const points: Points = tableOf(
      Float32Array.from({ length: 40 }, (_, i) => Math.floor(i / 2)),
      2,
    );
    const events: string[] = [];
    const failing = fitPoints(spec(2, 0), points, { onEvent: ({ type }) => events.push(type) });
    await expect(failing).rejects.toMatchObject({
      code: "diverged",
      hint: expect.stringContaining("model.regularization"),
    });
    expect(events.filter((type) => type === "covariance_not_positive_definite")).toHaveLength(2);
  });
});
