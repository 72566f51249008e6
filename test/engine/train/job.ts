import { createHash } from "node:crypto";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { ModelSpec } from "../../../src/domain/jobs/spec/model-spec.ts";
import { OptimizerSpec } from "../../../src/domain/jobs/spec/optimizer-spec.ts";
import { LossSpec } from "../../../src/domain/jobs/spec/parts/loss-spec.ts";
import { type KernelSource, loadEngineKernels } from "../../../src/engine/kernels/engine-kernels.ts";
import { compileKernels } from "../../../src/engine/kernels/load.ts";
import type { NativeLibrary } from "../../../src/engine/kernels/native/library.ts";
import { createRandomStream } from "../../../src/engine/kernels/philox.ts";
import { leadTeam, type Team, type TeamOptions } from "../../../src/engine/parallel/team.ts";
import { fit as train } from "../../../src/engine/train/fitting/fit.ts";
import { createIntake } from "../../../src/engine/train/fitting/intake.ts";
import {
  createTrainingMemory,
  type DataViews,
  dataViews,
  weightTensors,
} from "../../../src/engine/train/fitting/memory.ts";
import { planTraining } from "../../../src/engine/train/planning/plan-training.ts";
import type { DataShape, FitOptions, TrainingPlan } from "../../../src/engine/train/planning/training.ts";
import { closeRing } from "../../../src/engine/train/ring/ring-lead.ts";

interface Parts {
  readonly model: { readonly type: string; readonly [key: string]: unknown };
  readonly loss?: { readonly type: string; readonly [key: string]: unknown };
  readonly optimizer?: { readonly type: string; readonly learningRate?: number; readonly [key: string]: unknown };
  readonly training?: Partial<ResolvedJobSpec["training"]>;
  readonly base?: Partial<NonNullable<ResolvedJobSpec["base"]>>;
}

/** A resolved specification from the parts that a test is about. */
export const specOf = ({ model, loss, optimizer, training, base }: Parts): ResolvedJobSpec => {
  const parsed = OptimizerSpec.parse(optimizer ?? { type: "adam" });
  return {
    dataset: "ds_test",
    task: { type: "classification", label: "y" },
    model: ModelSpec.parse(model),
    loss: LossSpec.parse(loss ?? { type: "cross_entropy" }),
    optimizer: { ...parsed, learningRate: parsed.learningRate ?? 0.01 },
    training: {
      epochs: 3,
      batchSize: 16,
      split: { validation: 0.15, test: 0.15, stratify: true },
      earlyStopping: false,
      l1: 0,
      l2: 0,
      shuffle: true,
      seed: 42,
      ...training,
    },
    resources: { threads: 1, memoryBytes: 1024 ** 3, maxSeconds: 3600, priority: 0, backend: "wasm" },
    labels: {},
    ...(base ? { base: { model: "mdl_test", newHead: false, freeze: [], ...base } } : {}),
  } as unknown as ResolvedJobSpec;
};

/** Noisy classes: each input is higher for one of the classes. Floats as labels get 0 and 1, or a linear function of the inputs. */
export const fillData = (views: DataViews, inputs: number, classes: number): void => {
  const stream = createRandomStream({ seedLow: 7, seedHigh: 0, purpose: 99, index: 0 });
  for (const split of ["train", "validation", "test"] as const) {
    const { rows, features, labels } = views[split];
    for (let row = 0; row < rows; row++) {
      const label = stream.below(Math.max(2, classes));
      let sum = 0;
      for (let column = 0; column < inputs; column++) {
        const value = Math.fround(
          (stream.uniform() + stream.uniform() - 1) * 2 + Number((column + label) % Math.max(2, classes) === 0),
        );
        features[row * inputs + column] = value;
        sum += column % 2 === 0 ? value : -value;
      }
      if (labels instanceof Int32Array) labels[row] = label;
      else if (labels) labels[row] = classes < 0 ? sum / inputs : label;
    }
  }
};

/** WebAssembly kernels alone. */
export const compiled = compileKernels().then((module): KernelSource => ({ module, native: null }));

export interface RunOptions extends Partial<FitOptions> {
  readonly threads?: number;
  /** Native kernels to run where there are any; else WebAssembly. */
  readonly native?: NativeLibrary | null;
  /** Classes of the labels; 0 and 1 if 2 or less; −1: a real-valued label. */
  readonly classes?: number;
  readonly fill?: (views: DataViews) => void;
  /** Computes a frozen trunk once for each row. */
  readonly keepFeatures?: boolean;
  /** Rows come through a ring of so many, from a thread of their own. */
  readonly ringRows?: number;
  /** How many of the team work, and when. */
  readonly team?: TeamOptions;
  /** Pauses after this many steps. */
  readonly stopAfterSteps?: number;
}

/** Counts the runs of each program and the steps, those of trials too, and pauses after as many as are requested. */
const stopping = (team: Team, plan: TrainingPlan, control: Int32Array, steps: number | undefined) => {
  const stepping = new Set(
    [...plan.programIndex.stages, ...(plan.search?.programs ?? [])].flatMap(({ step, lastStep }) => [
      step.at(-1)!.program,
      lastStep.at(-1)!.program,
    ]),
  );
  let done = 0;
  const runs = new Map<number, number>();
  const run = (program: number): void => {
    team.run(program);
    runs.set(program, (runs.get(program) ?? 0) + 1);
    if (stepping.has(program)) done += 1;
    if (done === steps) Atomics.store(control, 0, 1);
  };
  return { team: { ...team, run }, runs, done: () => done };
};

/** Lets a trunk compute the rows, a few at a time. */
const takeIn = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  team: Team,
  fill: (views: DataViews) => void,
  initial: ReadonlyMap<string, Float32Array>,
): void => {
  const intake = createIntake(plan, memory, team, { initial, onBatch: () => {} });
  if (intake === null || plan.trunk === null) return;
  const { inputs } = plan.trunk;
  const own = dataViews(plan, memory);
  const rowsOf = (split: "train" | "validation" | "test") => ({
    ...own[split],
    features: new Float32Array(own[split].rows * inputs),
  });
  const views = { ...own, train: rowsOf("train"), validation: rowsOf("validation"), test: rowsOf("test") };
  fill(views);
  for (const split of ["train", "validation", "test"] as const) {
    const { rows, features } = views[split];
    for (let first = 0; first < rows; first += intake.rows) {
      const count = Math.min(intake.rows, rows - first);
      intake.input.set(features.subarray(first * inputs, (first + count) * inputs));
      intake.take(Array.from({ length: count }, (_, i) => ({ split, row: first + i })));
    }
  }
};

/** A thread that brings rows to the ring; the labels lie in the job's memory. */
const startReader = (
  plan: TrainingPlan,
  ring: NonNullable<TrainingPlan["ring"]>,
  memory: WebAssembly.Memory,
  fill: (views: DataViews) => void,
): Worker => {
  const own = dataViews(plan, memory);
  const rowsOf = (split: "train" | "validation" | "test") => ({
    ...own[split],
    features: new Float32Array(own[split].rows * plan.shape.inputs),
  });
  const views = { ...own, train: rowsOf("train"), validation: rowsOf("validation"), test: rowsOf("test") };
  fill(views);
  const { train, validation, test } = views;
  const features = { train: train.features, validation: validation.features, test: test.features };
  return new Worker(new URL("./reader.mjs", import.meta.url), { workerData: { ring, memory, features } });
};

/** Plans and trains a job on the real kernels, with members from dist where it has several threads. */
export const runJob = async (spec: ResolvedJobSpec, shape: DataShape, options: RunOptions = {}) => {
  const { threads = 1, native = null, classes = shape.outputs, fill, stopAfterSteps, ...rest } = options;
  const { keepFeatures = false, ringRows, team: teamOptions, ...fitOptions } = rest;
  const kernels = { ...(await compiled), native };
  const resources = { ...spec.resources, threads };
  const plan = planTraining({ ...spec, resources }, shape, {
    ...{ flopsPerThread: 1, keepFeatures },
    ...(ringRows === undefined ? {} : { ringRows }),
  });
  const memory = createTrainingMemory(plan);
  const filled = fill ?? ((views: DataViews) => fillData(views, shape.inputs, classes));
  if (plan.ring === null && plan.trunk === null) filled(dataViews(plan, memory));
  const workers = Array.from({ length: plan.threads - 1 }, (_, index) => {
    const workerData = { plan, memory, kernels, thread: index + 1 };
    return new Worker(new URL("./member.mjs", import.meta.url), { workerData });
  });
  if (plan.ring !== null) workers.push(startReader(plan, plan.ring, memory, filled));
  await Promise.all(workers.map((worker) => once(worker, "online")));
  const team = leadTeam(plan, memory, await loadEngineKernels(kernels, memory), teamOptions);
  const control = new Int32Array(new SharedArrayBuffer(4));
  try {
    takeIn(plan, memory, team, filled, rest.initial ?? new Map());
    const counted = stopping(team, plan, control, stopAfterSteps);
    const result = await train(plan, memory, counted.team, {
      control,
      nowMs: () => performance.now(),
      checkpointEveryMs: 1e9,
      ...fitOptions,
    });
    return { plan, memory, result, digest: digestOf(plan, memory), steps: counted.done(), runs: counted.runs };
  } finally {
    if (plan.ring !== null) closeRing(plan.ring, memory);
    team.dismiss();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
};

/** SHA-256 of all weights and running averages in their fixed order. */
export const digestOf = (plan: TrainingPlan, memory: WebAssembly.Memory): string => {
  const hash = createHash("sha256");
  for (const { data } of weightTensors(plan, memory))
    hash.update(Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
  return hash.digest("hex");
};
