import type { PlanCall } from "../../src/engine/graph/plan.ts";
import { panelColumns } from "../../src/engine/kernels/families/matrix.ts";
import { kernelInfo } from "../../src/engine/kernels/interface.ts";

/** A call that was timed on this machine, on one thread. */
export interface TimedCall {
  /** FLOPs of products and convolutions; of all else bytes that it touches. */
  readonly work: number;
  readonly seconds: number;
}

/** What this machine's kernels take. */
export interface CallCosts {
  /** By kind of call, at least one each. */
  readonly timed: ReadonlyMap<string, readonly TimedCall[]>;
  /** Of what was not timed. */
  readonly bytesPerSecond: number;
  /** Of tensors that no cache holds. */
  readonly memoryBytesPerSecond: number;
  /** Of any call. */
  readonly callSeconds: number;
  /** Of a barrier between threads; left out: as usual. */
  readonly barrierSeconds?: number;
  /** Of a table's cell that is read; left out: as usual. */
  readonly cellSeconds?: number;
}

/** What the caches of one core hold, roughly: beyond it a call is no faster than the memory. */
const cacheBytes = 2 * 2 ** 20;

const lengthOf = (ranges: PlanCall["reads"]): number => ranges.reduce((sum, { start, end }) => sum + end - start, 0);

/** Of the tensors that a call may touch; rows that are gathered are read out of all rows, and of those nothing else. */
const bytesOf = ({ kernel, reads, writes }: PlanCall): number =>
  lengthOf(writes) + (kernel.startsWith("gather") ? lengthOf(writes) : lengthOf(reads));

const argumentsOf = ({ kernel, args }: PlanCall): ((name: string) => number) => {
  const names: readonly string[] = kernelInfo[kernel].args;
  return (name) => args[names.indexOf(name)]!;
};

/** Columns of a packed panel: fewer take as long as these, but for two, which have a kernel of their own. */
const wide = (columns: number): number => (columns <= 2 ? columns : panelColumns * Math.ceil(columns / panelColumns));

const convolutionWork = (kernel: string, of: (name: string) => number): { shape: string; work: number } => {
  const [channels, filters, groups] = [of("channels"), of("outChannels"), of("groups")];
  const taps = of("kernelHeight") * of("kernelWidth");
  const places = of("batch") * of("outHeight") * of("outWidth") * taps;
  if (groups === channels && groups > 1) return { shape: "by channel", work: 2 * places * filters };
  const columns = kernel === "conv2dInputGrad" ? filters / groups : wide(filters / groups);
  const work = 2 * places * channels * columns;
  return { shape: taps === 1 ? "of pixels" : "of windows", work };
};

/** The kind of a call, by which costs are compared, and its work: FLOPs, or bytes that it touches. */
export const workOf = (call: PlanCall): { kind: string; work: number; unit: "flops" | "bytes" } => {
  const { kernel, units } = call;
  const of = argumentsOf(call);
  if (kernel.startsWith("conv2d") || kernel === "depthwiseWeightGrad") {
    const { shape, work } = convolutionWork(kernel, of);
    return { kind: `${kernel} ${shape}`, work, unit: "flops" };
  }
  // A strip has four rows of the product.
  if (kernel === "gemm" || kernel === "gemmBatched")
    return { kind: "gemm", work: 2 * 4 * units * wide(of("n")) * of("k"), unit: "flops" };
  return { kind: kernel, work: bytesOf(call), unit: "bytes" };
};

/** How many times the larger one is the smaller. */
const ratioOf = (a: number, b: number): number => Math.max(a / b, b / a);

const nearest = (timed: readonly TimedCall[], work: number): TimedCall =>
  timed.reduce((best, each) => (ratioOf(each.work, work) < ratioOf(best.work, work) ? each : best));

/** In proportion to the timed call of its kind that is nearest in size, and no faster than the memory. */
const secondsOf = (call: PlanCall, costs: CallCosts): number => {
  const { kind, work } = workOf(call);
  const bytes = bytesOf(call);
  const fromMemory = bytes > cacheBytes ? bytes / costs.memoryBytesPerSecond : 0;
  if (work <= 0) return costs.callSeconds;
  const timed = costs.timed.get(kind);
  const near = timed === undefined ? { work: costs.bytesPerSecond, seconds: 1 } : nearest(timed, work);
  return Math.max(costs.callSeconds, (near.seconds * work) / near.work, fromMemory);
};

/** What a team waits at a barrier, or for the lead's call, where all have a core: 0.3 µs was measured, and what the threads before it differ by comes on top. */
const barrierSeconds = 0.4e-6;

/** Part of the units that the slowest of the threads has. */
const largestPart = ({ units, grain }: PlanCall, threads: number): number => {
  const grains = Math.max(1, Math.ceil(units / grain));
  return Math.ceil(grains / threads) / grains;
};

/** A run of a program by a team: calls are as slow as the thread that has most of them, and the threads wait for each other. */
export const secondsOfProgram = (calls: readonly PlanCall[], threads: number, costs: CallCosts): number => {
  const waits = threads === 1 ? 0 : 2 + calls.filter(({ barrier }) => barrier).length;
  return calls.reduce(
    (sum, call) => sum + secondsOf(call, costs) * largestPart(call, threads),
    waits * (costs.barrierSeconds ?? barrierSeconds),
  );
};
