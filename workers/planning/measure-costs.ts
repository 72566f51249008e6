import { JobSpec, type JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { workOf } from "../../src/engine/graph/call-work.ts";
import type { PlanCall } from "../../src/engine/graph/plan.ts";
import { clusteringLoops, loadClusteringKernels } from "../../src/engine/kernels/clustering/load-clustering-kernels.ts";
import { type KernelSource, loadEngineKernels } from "../../src/engine/kernels/engine-kernels.ts";
import { loadNativeKernels } from "../../src/engine/kernels/native/library.ts";
import type { TracedSpec } from "../../src/engine/nn/models.ts";
import { bindPlan } from "../../src/engine/parallel/bind.ts";
import { leadTeam } from "../../src/engine/parallel/team.ts";
import { advance, createRun } from "../../src/engine/train/fitting/run.ts";
import { planTraining } from "../../src/engine/train/planning/plan-training.ts";
import type { TrainingPlan } from "../../src/engine/train/planning/training.ts";
import { measureCells } from "./beside-training.ts";
import type { CallCosts, TimedCall } from "./call-costs.ts";
import { fastestRun, measureDistances, measureDrawn, measureMixture, measureReported } from "./measure-beside.ts";

const [inputs, outputs] = [32, 3];

const planOf = (
  model: NonNullable<JobSpecInput["model"]>,
  batchSize: number,
  width = inputs,
  steps = 1,
): TrainingPlan => {
  const spec = JobSpec.parse({
    dataset: "ds_01JD0000000000000000000000",
    task: { type: "classification", label: "label" },
    ...{ model, loss: { type: "cross_entropy" }, optimizer: { type: "adam", learningRate: 0.001 } },
    training: { epochs: 1, batchSize, earlyStopping: false, l2: 0.01, penaltySearch: false },
    resources: { threads: 1 },
  }) as TracedSpec;
  return planTraining(spec, { trainRows: steps * batchSize, validationRows: 0, testRows: 0, inputs: width, outputs });
};

/** Small ones of the networks that are trained here: what their steps call is timed. */
const references = (): TrainingPlan[] => [
  planOf({ type: "mlp", hidden: [64, 32], batchNorm: true, dropout: 0.1 }, 32),
  planOf({ type: "mlp", hidden: [64, 32], activation: "silu" }, 256),
  planOf({ type: "mlp", hidden: [512, 512], activation: "gelu" }, 128),
  planOf(
    {
      type: "cnn",
      input: { height: 28, width: 28, channels: 64 },
      layers: [
        { type: "conv2d", filters: 64, padding: "same", batchNorm: true },
        { type: "residual", layers: [{ type: "conv2d", filters: 64, padding: "same", batchNorm: true }] },
        { type: "conv2d", filters: 64, padding: "same", groups: 64 },
        { type: "conv2d", filters: 128, kernel: 1 },
        { type: "conv2d", filters: 64, kernel: 1 },
        { type: "max_pool" },
        { type: "average_pool" },
        { type: "global_average_pool" },
      ],
    },
    2,
    28 * 28 * 64,
  ),
  planOf(
    {
      type: "cnn",
      input: { height: 56, width: 56, channels: 32 },
      layers: [
        { type: "conv2d", filters: 32, padding: "same", groups: 32, batchNorm: true, activation: "silu" },
        { type: "conv2d", filters: 8, kernel: 5, stride: 2, padding: 2 },
        { type: "average_pool" },
        { type: "global_average_pool" },
      ],
    },
    2,
    56 * 56 * 32,
  ),
];

/** The least of some turns, each of as many runs as the clock can tell: others may use the processor meanwhile. */
const leastSeconds = (run: () => void, nowMs: () => number): number => {
  run();
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 3; turn++) {
    const startMs = nowMs();
    let [runs, takenMs] = [0, 0];
    while (takenMs < 0.1) {
      run();
      runs += 1;
      takenMs = nowMs() - startMs;
    }
    least = Math.min(least, takenMs / runs);
  }
  return least / 1000;
};

const shortSeconds = 20e-6;
const repeats = 16;

/** A plan's memory, and the kernels over it for one thread. */
const prepare = async (plan: TrainingPlan, kernels: KernelSource) => {
  const pages = plan.memoryBytes / 65_536;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const own = await loadEngineKernels(kernels, memory);
  const [scratchOffset = 0] = plan.scratchOffsets;
  const member = { thread: 0, threads: 1, scratchOffset, wait: () => {}, syncOffset: plan.syncOffset };
  return { memory, own, member };
};

/** Every kind of call of a reference's step, of each size once. */
const timeCalls = async (plan: TrainingPlan, kernels: KernelSource, nowMs: () => number) => {
  const { own, member } = await prepare(plan, kernels);
  const calls = plan.programIndex.stages[0]!.step.flatMap(({ program }) => plan.programs[program]!.calls);
  const distinct = new Map<string, { call: PlanCall } & ReturnType<typeof workOf>>();
  for (const call of calls) {
    const counted = workOf(call);
    if (counted.work > 0) distinct.set(`${counted.kind} ${counted.work}`, { call, ...counted });
  }
  return [...distinct.values()].map(({ call, ...counted }) => {
    const runOf = (times: number) =>
      bindPlan({ calls: Array.from({ length: times }, () => call), flops: 0, arenaBytes: 0 }, own, member);
    const seconds = leastSeconds(runOf(1), nowMs);
    // A short one among others, as a program has it: without what it costs to begin.
    return { ...counted, seconds: seconds > shortSeconds ? seconds : leastSeconds(runOf(repeats), nowMs) / repeats };
  });
};

const plannings = 8;

/** Seconds that planning takes for each call. */
const measurePlanning = (nowMs: () => number): number => {
  const plan = () => planOf({ type: "mlp", hidden: [64, 32], activation: "silu" }, 32);
  const calls = plan().programs.reduce((sum, program) => sum + program.calls.length, 0);
  return fastestRun(plan, nowMs, plannings) / calls;
};

/** Steps of an epoch that is timed. */
const timedSteps = 64;

/** Seconds that a step takes beside its kernels: of a small network's steps what its calls do not take. */
const measureStep = async (kernels: KernelSource, nowMs: () => number): Promise<number> => {
  const plan = planOf({ type: "mlp", hidden: [4] }, 8, 4, timedSteps);
  const { memory, own, member } = await prepare(plan, kernels);
  const control = new Int32Array(new SharedArrayBuffer(4));
  const options = { control, nowMs, checkpointEveryMs: Number.POSITIVE_INFINITY };
  const run = createRun(plan, memory, leadTeam(plan, memory, own), options);
  const epoch = (): void => {
    run.meta.batch = 0;
    advance(run, timedSteps);
  };
  for (let warming = 0; warming < 20; warming++) epoch();
  const { program } = plan.programIndex.stages[0]!.step[0]!;
  const ofKernels = leastSeconds(bindPlan(plan.programs[program]!, own, member), nowMs);
  return Math.max(0, leastSeconds(epoch, nowMs) / timedSteps - ofKernels);
};

/** Read and written by a copy that no cache holds. */
const measureMemory = (nowMs: () => number): number => {
  const [from, to] = [new Float64Array(2 ** 21), new Float64Array(2 ** 21)];
  return (2 * from.byteLength) / leastSeconds(() => to.set(from), nowMs);
};

/** One that takes longer has met other work on its processors: plans do not depend on who else was busy when they were made. */
const mostBarrierSeconds = 2e-6;

/** Between two threads, where native kernels wait for each other; left out where it could not be told. */
const measureBarrier = async ({ native }: KernelSource): Promise<{ barrierSeconds?: number }> => {
  if (native === null) return {};
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const barrierSeconds = (await loadNativeKernels(native, memory)).timeBarrier();
  return barrierSeconds === null || barrierSeconds > mostBarrierSeconds ? {} : { barrierSeconds };
};

/**
 * Times what the steps of small networks call, on this machine and with these kernels: some tenths of a second of a processor, most of it until the code is compiled.
 * @param onPart called after each part of it
 */
export const measureCosts = async (
  kernels: KernelSource,
  nowMs: () => number,
  onPart: () => void = () => {},
): Promise<CallCosts> => {
  const timed = new Map<string, TimedCall[]>();
  const rates: number[] = [];
  let callSeconds = Number.POSITIVE_INFINITY;
  for (const plan of references()) {
    for (const { kind, work, unit, seconds } of await timeCalls(plan, kernels, nowMs)) {
      timed.set(kind, [...(timed.get(kind) ?? []), { work, seconds }]);
      if (unit === "bytes") rates.push(work / seconds);
      callSeconds = Math.min(callSeconds, seconds);
    }
    onPart();
  }
  rates.sort((a, b) => a - b);
  const timeOf = async <T>(measured: T | Promise<T>): Promise<T> => {
    const part = await measured;
    onPart();
    return part;
  };
  const clustering = await loadClusteringKernels(kernels.native);
  const beside = {
    cellSeconds: await timeOf(measureCells(nowMs)),
    doubleSeconds: await timeOf(measureDistances(clusteringLoops, nowMs)),
    distanceSeconds: await timeOf(measureDistances(clustering, nowMs)),
    mixtureSeconds: await timeOf(measureMixture(clustering, nowMs)),
    reportedSeconds: await timeOf(measureReported(nowMs)),
    drawnSeconds: await timeOf(measureDrawn(nowMs)),
    plannedSeconds: await timeOf(measurePlanning(nowMs)),
    stepSeconds: await timeOf(measureStep(kernels, nowMs)),
  };
  const bytesPerSecond = rates[Math.floor(rates.length / 2)]!;
  const memoryBytesPerSecond = await timeOf(measureMemory(nowMs));
  return { timed, bytesPerSecond, memoryBytesPerSecond, callSeconds, ...beside, ...(await measureBarrier(kernels)) };
};
