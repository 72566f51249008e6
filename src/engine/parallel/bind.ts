import type { EngineKernels } from "../blas/engine-kernels.ts";
import type { ExecutionPlan, PlanCall } from "../graph/plan.ts";
import { partOf } from "./partition.ts";

export interface Member {
  /** 0 is the lead. */
  readonly thread: number;
  readonly threads: number;
  /** Byte offset of this thread's own scratch memory. */
  readonly scratchOffset: number;
  /** The team's barrier; not called in a team of one. */
  readonly wait: () => void;
}

const bindCall = (call: PlanCall, kernels: EngineKernels, member: Member): (() => void) | null => {
  const { start, end } = partOf(call.units, call.grain, member.thread, member.threads);
  if (start >= end) return null;
  const args = call.args.map((argument, position) => (position === call.scratch ? member.scratchOffset : argument));
  const kernel = kernels[call.kernel] as (...values: number[]) => void;
  return kernel.bind(null, ...args, start, end);
};

/** Ties a plan to one thread's kernels: what it returns runs this thread's part of the whole plan, a loop over ready-made calls. */
export const bindPlan = (plan: ExecutionPlan, kernels: EngineKernels, member: Member): (() => void) => {
  const steps: (() => void)[] = [];
  for (const call of plan.calls) {
    if (call.barrier && member.threads > 1) steps.push(member.wait);
    const bound = bindCall(call, kernels, member);
    if (bound) steps.push(bound);
  }
  const count = steps.length;
  return () => {
    for (let index = 0; index < count; index++) steps[index]!();
  };
};
