import { describe, expect, test } from "vitest";
import { type ExactState, FitInterrupted } from "../../../src/engine/exact/exact-fit.ts";
import type { ExactMethod, ExactModel } from "../../../src/engine/exact/exact-plan.ts";
import { type ExactTask, fitExact } from "../../../src/engine/exact/fit-exact.ts";
import { triangleDoubles } from "../../../src/engine/exact/triangle.ts";
import { createRandomStream, seedWords } from "../../../src/engine/kernels/philox.ts";

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
  poisson: Float64Array.from(eta, (value) => Math.floor(Math.exp(value / 2) + 2 * uniform())),
  softmax: Float64Array.from(eta, (value) => (uniform() < 0.2 ? 2 : uniform() < 1 / (1 + Math.exp(-value)) ? 1 : 0)),
};

const taskOf = (model: ExactModel, method: ExactMethod, change: Partial<ExactTask> = {}): ExactTask => ({
  ...{ model, method, features, inputs, labels: labelsOf[model], classes: model === "softmax" ? 3 : 1 },
  columns: Int32Array.of(-1, 0, 1, 2, 3),
  ...{ weights: null, offsets: null },
  penalty: 0,
  mostIterations: 1000,
  work: new Float64Array(method === "lbfgs" ? 0 : Math.max(triangleDoubles(5), 15 ** 2)),
  mostCovariances: 400,
  ...change,
});
const free = { resume: null, pulse: () => {}, onIteration: async () => {} };

describe("Newton's method and L-BFGS find the same coefficients:", () => {
  test.each(["logistic", "poisson", "softmax"] as const)("%s", async (model) => {
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

  test.each(["linear", "logistic", "poisson", "softmax"] as const)("with a penalty: %s", async (model) => {
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
      const fit = await fitExact(taskOf(model, method, { features: doubled, inputs: 3, columns }), free);
      const alone = await fitExact(
        taskOf(model, method, { features: doubled, inputs: 3, columns: Int32Array.of(-1, 0, 2) }),
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
    const counted = await fitExact(taskOf(model, method, { features: repeated, labels, penalty: 3 }), free);
    const digits = method === "lbfgs" ? 3 : 9;
    for (const [i, value] of counted.coefficients.entries())
      expect(weighted.coefficients[i]).toBeCloseTo(value, digits);
    expect(weighted.objective / counted.objective).toBeCloseTo(1, 9);
  });
});
