import { describe, expect, it } from "vitest";
import { OptimizerSpec } from "../../../src/domain/jobs/spec/optimizer-spec.ts";
import { createGraph } from "../../../src/engine/graph/graph.ts";
import { plan } from "../../../src/engine/graph/plan.ts";
import { powInteger64 } from "../../../src/engine/kernels/math64.ts";
import { createReferenceKernels } from "../../../src/engine/kernels/reference.ts";
import { ruleOf } from "../../../src/engine/optim/rules.ts";
import { bindPlan } from "../../../src/engine/parallel/bind.ts";
import fixtures from "../train/pytorch-fixtures.json" with { type: "json" };

/** A rule over five weights in f64, on the reference kernels. */
const createTrial = (
  input: { readonly type: string; readonly [key: string]: unknown },
  decoupledDecay: boolean,
  l2 = 0,
) => {
  const spec = OptimizerSpec.parse(input);
  const rule = ruleOf(spec);
  const place = (index: number): number => 64 + 64 * index;
  const program = plan({
    graph: createGraph(),
    results: [],
    placeOf: () => 0,
    arenaOffset: 1024,
    floatBytes: 8,
    tail: (emit) => {
      const at = (index: number) => emit.at(place(index), 40);
      const slots = Object.fromEntries(rule.slots.map((name, index) => [name, at(3 + index)]));
      const range = { weights: at(0), gradients: at(1), slots, count: 5, hyper: at(2), clip: 0 as const, l1: 0, l2 };
      rule.update(emit, range, spec, decoupledDecay ? rule.decay(spec) : 0);
    },
  });
  const buffer = new ArrayBuffer(2048);
  const run = bindPlan(
    program,
    { wasm: createReferenceKernels(buffer, 8), native: null },
    {
      thread: 0,
      threads: 1,
      scratchOffset: 0,
      wait: () => {},
      syncOffset: 0,
    },
  );
  const view = (index: number): Float64Array => new Float64Array(buffer, place(index), 5);
  const [beta1, beta2] = rule.decays(spec);
  return {
    weights: view(0),
    step: (t: number, learningRate: number, gradient: (w: Float64Array) => number[]): void => {
      view(1).set(gradient(view(0)));
      view(2).set([learningRate, 1 - powInteger64(beta1, t), 1 - powInteger64(beta2, t)]);
      run();
    },
  };
};

const curvature = [1, 0.1, 2, 0.5, 5];
const slope = (w: Float64Array): number[] => curvature.map((c, i) => c * w[i]!);

describe("an optimiser follows PyTorch's trajectory:", () => {
  const cases = {
    sgd: { input: { type: "sgd" }, rate: 0.1 },
    momentum: { input: { type: "momentum" }, rate: 0.05 },
    nesterov: { input: { type: "momentum", nesterov: true }, rate: 0.05 },
    adagrad: { input: { type: "adagrad", epsilonOutside: true }, rate: 0.1 },
    rmsprop: { input: { type: "rmsprop", epsilonOutside: true, epsilon: 1e-8 }, rate: 0.01 },
    adam: { input: { type: "adam" }, rate: 0.1 },
    adamw: { input: { type: "adamw", weightDecay: 0.1 }, rate: 0.1 },
    l2: { input: { type: "sgd" }, rate: 0.1, l2: 0.3 },
  };
  for (const [name, { input, rate, ...rest }] of Object.entries(cases)) {
    it(name, () => {
      const trial = createTrial(input, true, "l2" in rest ? rest.l2 : 0);
      trial.weights.set([1, -2, 3, 0.5, -0.25]);
      fixtures.optimisers[name as keyof typeof cases].forEach((expected, index) => {
        trial.step(index + 1, rate, slope);
        for (const [i, value] of expected.entries()) expect(trial.weights[i]).toBeCloseTo(value, 9);
      });
    });
  }
});

describe("an optimiser's first steps, by hand:", () => {
  // w = 1 and a constant slope g = 2 with η = 0.1.
  const firstSteps = (input: Parameters<typeof createTrial>[0], steps: number): number => {
    const trial = createTrial(input, true);
    trial.weights.fill(1);
    for (let t = 1; t <= steps; t++) trial.step(t, 0.1, () => [2, 2, 2, 2, 2]);
    return trial.weights[0]!;
  };

  it("sgd moves by η g", () => expect(firstSteps({ type: "sgd" }, 1)).toBeCloseTo(0.8, 12));
  it("momentum moves by η g, then by (1 + β) η g", () =>
    expect(firstSteps({ type: "momentum" }, 2)).toBeCloseTo(1 - 0.2 - 0.38, 12));
  it("momentum moves at η / (1 − β) on a constant slope", () => {
    const speed = firstSteps({ type: "momentum" }, 200) - firstSteps({ type: "momentum" }, 201);
    expect(speed).toBeCloseTo(0.2 / (1 - 0.9), 6);
  });
  it("adagrad divides by the root of the summed squares, ε inside", () =>
    expect(firstSteps({ type: "adagrad", epsilon: 5 }, 1)).toBeCloseTo(1 - 0.2 / Math.sqrt(4 + 5), 12));
  it("rmsprop divides by the root of the averaged squares, ε inside", () =>
    expect(firstSteps({ type: "rmsprop", epsilon: 0.6 }, 1)).toBeCloseTo(1 - 0.2 / Math.sqrt(0.1 * 4 + 0.6), 12));
  it("adam's first step is η whatever the slope", () => expect(firstSteps({ type: "adam" }, 1)).toBeCloseTo(0.9, 8));
  it("adamw first takes away η·λ of the weight", () =>
    expect(firstSteps({ type: "adamw", weightDecay: 0.5 }, 1)).toBeCloseTo(1 - 0.05 - 0.1, 8));
});
