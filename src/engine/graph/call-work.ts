import { panelColumns } from "../kernels/families/matrix.ts";
import { kernelInfo } from "../kernels/interface.ts";
import type { PlanCall } from "./plan.ts";

const lengthOf = (ranges: PlanCall["reads"]): number => ranges.reduce((sum, { start, end }) => sum + end - start, 0);

/** Of the tensors that a call may touch; rows that are gathered are read out of all rows, and of those nothing else. */
export const touchedBytes = ({ kernel, reads, writes }: PlanCall): number =>
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
  return { kind: kernel, work: touchedBytes(call), unit: "bytes" };
};
