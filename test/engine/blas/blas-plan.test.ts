import { describe, expect, it } from "vitest";
import { JobSpec, type JobSpecInput, type ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { loadBlas } from "../../../src/engine/blas/blas-library.ts";
import { type EngineKernels, loadEngineKernels } from "../../../src/engine/blas/engine-kernels.ts";
import type { ExecutionPlan } from "../../../src/engine/graph/plan.ts";
import { compileKernels } from "../../../src/engine/kernels/load.ts";
import { initialPlateau } from "../../../src/engine/optim/schedule.ts";
import { partOf } from "../../../src/engine/parallel/partition.ts";
import type { Team } from "../../../src/engine/parallel/team.ts";
import { createTrainingMemory, dataViews, weightTensors } from "../../../src/engine/train/fitting/memory.ts";
import { createStepper } from "../../../src/engine/train/fitting/stepper.ts";
import { planTraining } from "../../../src/engine/train/planning/plan-training.ts";

const blas = await loadBlas();
const compiled = await compileKernels();

const rows = 48;
const models: Record<string, { model: NonNullable<JobSpecInput["model"]>; inputs: number }> = {
  "an MLP": { model: { type: "mlp", hidden: [64, 48], activation: "tanh" }, inputs: 70 },
  "a CNN with padding, strides and dilation": {
    inputs: 3 * 12 * 12,
    model: {
      type: "cnn",
      input: { height: 12, width: 12, channels: 3 },
      layers: [
        { type: "conv2d", filters: 24, kernel: 3, padding: "same" },
        { type: "conv2d", filters: 16, kernel: [3, 2], stride: 2, padding: 1 },
        { type: "conv2d", filters: 16, kernel: 2, dilation: 2, activation: "silu" },
        { type: "conv2d", filters: 16, kernel: 3, padding: "same", groups: 4 },
        { type: "dense", units: 32 },
      ],
    },
  },
};

const specOf = (model: NonNullable<JobSpecInput["model"]>, backend: "wasm" | "blas"): ResolvedJobSpec =>
  JobSpec.parse({
    name: "test",
    dataset: "ds_00000000000000000000000000",
    task: { type: "classification", label: "y" },
    model,
    loss: { type: "cross_entropy" },
    optimizer: { type: "sgd", learningRate: 0.05 },
    training: { epochs: 4, batchSize: 24, earlyStopping: false, l2: 0, split: { validation: 0, test: 0 } },
    resources: { threads: 1, backend },
  }) as ResolvedJobSpec;

/** Runs each call in as many parts as there are threads, the last first: what a team computes, without its threads. */
const pretendTeam = (
  programs: readonly ExecutionPlan[],
  kernels: EngineKernels,
  scratch: number,
  threads: number,
): Team => ({
  threads,
  run: (program) => {
    for (const call of programs[program]!.calls) {
      const args = call.args.map((argument, position) => (position === call.scratch ? scratch : argument));
      for (let thread = threads - 1; thread >= 0; thread--) {
        const { start, end } = partOf(call.units, call.grain, thread, threads);
        if (start < end) (kernels[call.kernel] as (...all: number[]) => void)(...args, start, end);
      }
    }
  },
  dismiss: () => {},
});

const train = async (name: string, backend: "wasm" | "blas", threads: number) => {
  const { model, inputs } = models[name]!;
  const shape = { trainRows: rows, validationRows: 0, testRows: 0, inputs, outputs: 3 };
  const plan = planTraining(specOf(model, backend), shape);
  const memory = createTrainingMemory(plan);
  const { train: data } = dataViews(plan, memory);
  for (let i = 0; i < data.features.length; i++) data.features[i] = Math.sin(i * 12.9898) * 1.5;
  for (let i = 0; i < rows; i++) data.labels![i] = i % 3;
  const { kernels } = await loadEngineKernels(backend, compiled, memory);
  const stepper = createStepper(plan, memory, pretendTeam(plan.programs, kernels, plan.scratchOffsets[0]!, threads));
  stepper.initialise();
  const losses: number[] = [];
  for (let step = 0; step < 8; step++) {
    if (step % 2 === 0) stepper.shuffle(step / 2);
    losses.push(stepper.run(Math.floor(step / 2), step % 2, step, initialPlateau));
  }
  const called = new Set(plan.programs[plan.programIndex.step]!.calls.map(({ kernel }) => kernel));
  return {
    losses,
    called,
    weights: weightTensors(plan, memory).map(({ name: tensor, data: values }) => ({ tensor, values: [...values] })),
  };
};

describe.skipIf(blas === null).each(Object.keys(models))("%s trained through BLAS", (name) => {
  it("takes the course that it takes in WebAssembly, but for rounding", async () => {
    const [ours, theirs] = [await train(name, "wasm", 1), await train(name, "blas", 1)];
    expect([...theirs.called]).toContain("sgemm");
    for (const [step, loss] of ours.losses.entries()) expect(theirs.losses[step]).toBeCloseTo(loss, 4);
    for (const [index, { tensor, values }] of ours.weights.entries()) {
      expect(theirs.weights[index]!.tensor).toBe(tensor);
      const worst = values.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - theirs.weights[index]!.values[i]!)),
        0,
      );
      expect(worst, tensor).toBeLessThan(1e-4);
    }
  });

  it("has the same bits for every number of threads", async () => {
    const one = await train(name, "blas", 1);
    for (const threads of [2, 3, 4]) expect((await train(name, "blas", threads)).weights).toEqual(one.weights);
  });
});

describe.skipIf(blas === null)("a plan for BLAS", () => {
  it("gives convolutions of one group to BLAS and leaves grouped ones in WebAssembly", async () => {
    const { called } = await train("a CNN with padding, strides and dilation", "blas", 1);
    expect([...called]).toEqual(
      expect.arrayContaining(["sgemmConv2d", "sgemmConv2dInputGrad", "sgemmConv2dWeightGrad", "conv2d", "packB"]),
    );
  });
});
