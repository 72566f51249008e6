import { describe, expect, test } from "vitest";
import { type ExactState, type ExactTask, FitInterrupted } from "../../../src/engine/exact/exact-fit.ts";
import type { ExactMethod, ExactModel } from "../../../src/engine/exact/exact-plan.ts";
import { fitExact } from "../../../src/engine/exact/fit-exact.ts";
import { rowWorkDoubles } from "../../../src/engine/exact/quantile/row-work.ts";
import { triangleDoubles } from "../../../src/engine/exact/triangle.ts";
import { createRandomStream, seedWords } from "../../../src/engine/kernels/philox.ts";
import { tableOf } from "../../../src/engine/tensor/table.ts";

const rows = 400;
const inputs = 4;
const stream = createRandomStream({ ...seedWords(12), purpose: 1, index: 0 });
const uniform = (): number => stream.uint32() / 2 ** 32;
const features = Float64Array.from({ length: rows * inputs }, (_, i) => 4 * uniform() - 2 + (i % inputs) * 10);
const eta = Array.from(
  { length: rows },
  (_, row) => features[row * inputs]! - 0.5 * (features[row * inputs + 1]! - 10),
);
const labelsOf: Record<ExactModel, Float64Array> = {
  linear: Float64Array.from(eta, (value) => value + uniform()),
  logistic: Float64Array.from(eta, (value) => (uniform() < 1 / (1 + Math.exp(-value)) ? 1 : 0)),
  gamma: Float64Array.from(eta, (value) => Math.exp(value / 2) * (0.1 + uniform())),
  negative_binomial: Float64Array.from(eta, (value) => Math.floor(Math.exp(value / 2) * 6 * uniform() ** 2)),
  quantile: Float64Array.from(eta, (value) => value + uniform()),
  poisson: Float64Array.from(eta, (value) => Math.floor(Math.exp(value / 2) + 2 * uniform())),
  softmax: Float64Array.from(eta, (value) => (uniform() < 0.2 ? 2 : uniform() < 1 / (1 + Math.exp(-value)) ? 1 : 0)),
};

const taskOf = (model: ExactModel, method: ExactMethod, change: Partial<ExactTask> = {}): ExactTask => ({
  ...{
    model,
    method,
    features: tableOf(features, inputs),
    labels: labelsOf[model],
    classes: model === "softmax" ? 3 : 1,
  },
  columns: Int32Array.of(-1, 0, 1, 2, 3),
  ...{ weights: null, offsets: null },
  penalty: 0,
  mostIterations: 1000,
  work: new Float64Array(method === "lbfgs" ? 0 : Math.max(triangleDoubles(5), 15 ** 2)),
  mostCovariances: 400,
  rowWork: new Float64Array(rowWorkDoubles((change.labels ?? labelsOf[model]).length)),
  ...change,
});
const free = { resume: null, pulse: () => {}, onIteration: async () => {} };

describe("Newton's method and L-BFGS find the same coefficients:", () => {
  test.each(["logistic", "poisson", "gamma", "softmax"] as const)("%s", async (model) => {
    const newton = await fitExact(taskOf(model, "newton"), free);
    const lbfgs = await fitExact(taskOf(model, "lbfgs"), free);
    expect([newton.ending, lbfgs.ending]).toEqual(["converged", "converged"]);
    expect(newton.iterations).toBeLessThan(12);
    expect(newton.lastStep).toBeLessThan(1e-6);
    for (const [i, value] of newton.coefficients.entries()) expect(lbfgs.coefficients[i]).toBeCloseTo(value, 3);
    expect(lbfgs.objective).toBeCloseTo(newton.objective, 7);
  });

  test("and QR those of least squares", async () => {
    const qr = await fitExact(taskOf("linear", "qr"), free);
    const lbfgs = await fitExact(taskOf("linear", "lbfgs"), free);
    for (const [i, value] of qr.coefficients.entries()) expect(lbfgs.coefficients[i]).toBeCloseTo(value, 3);
  });

  test.each(["linear", "logistic", "poisson", "gamma", "softmax"] as const)("with a penalty: %s", async (model) => {
    const method = model === "linear" ? "qr" : "newton";
    const direct = await fitExact(taskOf(model, method, { penalty: 30, mostCovariances: 0 }), free);
    const lbfgs = await fitExact(taskOf(model, "lbfgs", { penalty: 30 }), free);
    for (const [i, value] of direct.coefficients.entries()) expect(lbfgs.coefficients[i]).toBeCloseTo(value, 3);
    const plain = await fitExact(taskOf(model, method), free);
    if (model === "softmax") return;
    expect(Math.abs(direct.coefficients[1]!)).toBeLessThan(Math.abs(plain.coefficients[1]!));
  });
});

test.each([
  ["poisson", "newton"],
  ["negative_binomial", "newton"],
  ["softmax", "newton"],
  ["softmax", "lbfgs"],
] as const)(
  "a fit that is cut anywhere and resumed from what it kept has the same bits: %s by %s",
  async (model, method) => {
    const task = taskOf(model, method);
    const whole = await fitExact(task, free);
    for (const cut of [1, 2, 4]) {
      let kept: ExactState | null = null;
      let cuts = 0;
      const pulse = (): void => {
        if (kept !== null && kept.meta.step >= cut && ++cuts > 2) throw new FitInterrupted();
      };
      const onIteration: Parameters<typeof fitExact>[1]["onIteration"] = async (meta, tensors) => {
        kept = structuredClone({ meta: { ...meta, computedMs: 0 }, tensors });
      };
      await expect(fitExact(task, { resume: null, pulse, onIteration })).rejects.toThrow(FitInterrupted);
      const again = await fitExact(task, { ...free, resume: kept });
      expect(again.coefficients).toEqual(whole.coefficients);
      expect(again.iterations).toBe(whole.iterations);
    }
  },
);

describe("columns that depend on others", () => {
  const doubled = Float64Array.from({ length: rows * 3 }, (_, i) => {
    const x = features[Math.floor(i / 3) * inputs]!;
    return i % 3 === 0 ? x : i % 3 === 1 ? 2 * x + 1 : features[Math.floor(i / 3) * inputs + 1]!;
  });
  const columns = Int32Array.of(-1, 0, 1, 2);

  test.each([
    ["linear", "qr"],
    ["logistic", "newton"],
  ] as const)(
    "share the effect, and are told apart from those that have one of their own: %s",
    async (model, method) => {
      const fit = await fitExact(taskOf(model, method, { features: tableOf(doubled, 3), columns }), free);
      const alone = await fitExact(
        taskOf(model, method, { features: tableOf(doubled, 3), columns: Int32Array.of(-1, 0, 2) }),
        free,
      );
      expect(fit.rank).toBe(3);
      expect(fit.indeterminate).toEqual([0, 1, 2]);
      // β₁x + β₂(2x + 1) with equal shares in deviations: β₁·s = β₂·2s.
      expect(fit.coefficients[1]! / fit.coefficients[2]!).toBeCloseTo(2, 8);
      expect(fit.coefficients[1]! + 2 * fit.coefficients[2]!).toBeCloseTo(alone.coefficients[1]!, 8);
      expect(fit.coefficients[0]! + fit.coefficients[2]!).toBeCloseTo(alone.coefficients[0]!, 8);
      expect(fit.coefficients[3]).toBeCloseTo(alone.coefficients[2]!, 8);
      expect(fit.covariance![3 * 4 + 3]! / alone.covariance![2 * 3 + 2]!).toBeCloseTo(1, 8);
    },
  );
});

test("separated rows are noticed by how the steps go, though no single input tells the classes apart", async () => {
  // The second class lies above the line x₀ + x₁ = 10.
  const labels = Float64Array.from({ length: rows }, (_, row) =>
    features[row * inputs]! + features[row * inputs + 1]! > 10 ? 1 : 0,
  );
  const fit = await fitExact(taskOf("logistic", "newton", { labels }), free);
  expect(fit.ending).toBe("separated");
  expect(fit.iterations).toBeLessThan(60);
});

describe("Weights are as many rows:", () => {
  const weights = Float64Array.from({ length: rows }, (_, row) => row % 3);
  const picked = Array.from({ length: rows }, (_, row) => row).flatMap((row) => new Array<number>(row % 3).fill(row));
  const repeated = Float64Array.from(picked.flatMap((row) => [...features.subarray(row * inputs, (row + 1) * inputs)]));
  const cases = [
    ["linear", "qr"],
    ["logistic", "newton"],
    ["softmax", "newton"],
    ["poisson", "newton"],
    ["poisson", "lbfgs"],
  ] as const;

  test.each(cases)("%s by %s", async (model, method) => {
    const weighted = await fitExact(taskOf(model, method, { weights, penalty: 3 }), free);
    const labels = Float64Array.from(picked, (row) => labelsOf[model][row]!);
    const counted = await fitExact(
      taskOf(model, method, { features: tableOf(repeated, inputs), labels, penalty: 3 }),
      free,
    );
    const digits = method === "lbfgs" ? 3 : 9;
    for (const [i, value] of counted.coefficients.entries())
      expect(weighted.coefficients[i]).toBeCloseTo(value, digits);
    expect(weighted.objective / counted.objective).toBeCloseTo(1, 9);
  });
});

describe("a quantile is at a vertex of its linear program", () => {
  const many = 3000;
  const x = Float64Array.from({ length: many * 2 }, (_, i) => (i % 2 === 0 ? uniform() : Math.floor(4 * uniform())));
  // Whole numbers: many rows lie on the same plane.
  const labels = Float64Array.from({ length: many }, (_, row) => Math.floor(3 * x[2 * row]! + 6 * uniform()));
  const weights = Float64Array.from({ length: many }, (_, row) => row % 3);
  const task = (change: Partial<ExactTask> = {}): ExactTask =>
    taskOf("quantile", "simplex", {
      ...{ features: tableOf(x, 2), labels, columns: Int32Array.of(-1, 0, 1), quantile: 0.7 },
      ...change,
    });

  test("its dual proves that nothing is less, whatever lies on the plane and however rows count", async () => {
    for (const change of [{}, { weights }, { quantile: 0.05 }]) {
      const fit = await fitExact(task(change), free);
      expect(fit.ending).toBe("converged");
      expect(fit.vertex!.gap).toBeLessThan(1e-9 * fit.objective);
      const { quantile = 0.7, weights: own = null } = change as Partial<ExactTask>;
      let [sum, below, upTo, total] = [0, 0, 0, 0];
      for (let row = 0; row < many; row++) {
        const weight = own === null ? 1 : own[row]!;
        const [a, b, c] = fit.coefficients as unknown as [number, number, number];
        const residual = labels[row]! - a - b * x[2 * row]! - c * x[2 * row + 1]!;
        sum += weight * residual * (residual < 0 ? quantile - 1 : quantile);
        total += weight;
        if (residual < -1e-9) below += weight;
        if (residual < 1e-9) upTo += weight;
      }
      expect(sum).toBeCloseTo(fit.objective, 6);
      // With an intercept the share of the rows below is the quantile, but for those on the plane.
      expect(below / total).toBeLessThanOrEqual(quantile);
      expect(upTo / total).toBeGreaterThanOrEqual(quantile);
    }
  });

  test("weights of rows count them, and one of weight 0 does not", async () => {
    const kept = Array.from({ length: many }, (_, row) => new Array<number>(weights[row]!).fill(row)).flat();
    const repeated = task({
      features: tableOf(Float64Array.from(kept.flatMap((row) => [x[2 * row]!, x[2 * row + 1]!])), 2),
      labels: Float64Array.from(kept, (row) => labels[row]!),
    });
    const [one, other] = [await fitExact(task({ weights }), free), await fitExact(repeated, free)];
    expect(one.objective).toBeCloseTo(other.objective, 6);
  });

  test("and a fit that is cut after any round ends at the same one", async () => {
    const whole = await fitExact(task(), free);
    const states: ExactState[] = [];
    await fitExact(task(), {
      ...free,
      onIteration: async (meta, tensors) => {
        states.push(structuredClone({ meta: { ...meta, computedMs: 0 }, tensors }));
      },
    });
    expect(states.length).toBeGreaterThan(1);
    for (const state of states) {
      const again = await fitExact(task(), { ...free, resume: state });
      expect(again.coefficients).toEqual(whole.coefficients);
      expect(again.covariance).toEqual(whole.covariance);
      expect(again.iterations).toBe(whole.iterations);
    }
  });
});
