import type { ExecutionPlan, PlanCall } from "../graph/plan.ts";
import type { EngineKernels } from "../kernels/engine-kernels.ts";
import type { NativeCall } from "../kernels/native/library.ts";
import { TeamAborted } from "./barrier.ts";
import { partOf } from "./partition.ts";

export interface Member {
  /** 0 is the lead. */
  readonly thread: number;
  readonly threads: number;
  /** Byte offset of this thread's own scratch memory. */
  readonly scratchOffset: number;
  /** The team's barrier; not called in a team of one. */
  readonly wait: () => void;
  /** Offset of the team's shared block, where native kernels wait at the same barrier. */
  readonly syncOffset: number;
}

/** This member's part of a call with all its arguments; null where it has none. */
const partOfCall = (call: PlanCall, member: Member): NativeCall | null => {
  const { start, end } = partOf(call.units, call.grain, member.thread, member.threads);
  if (start >= end) return null;
  const args = call.args.map((argument, position) => (position === call.scratch ? member.scratchOffset : argument));
  return { kernel: call.kernel, args: [...args, start, end] };
};

/** A stretch of native calls, with the barriers before them, as one call. */
const bindStretch = (
  stretch: readonly (NativeCall | "barrier")[],
  native: NonNullable<EngineKernels["native"]>,
  member: Member,
): (() => void) => {
  const run = native.bind(stretch, member);
  return () => {
    if (!run()) throw new TeamAborted();
  };
};

const bindWasm = ({ kernel, args }: NativeCall, { wasm }: EngineKernels): (() => void) =>
  (wasm[kernel] as (...values: number[]) => void).bind(null, ...args);

/**
 * Ties a plan to one thread's kernels: what it returns runs this thread's part of the whole plan, and returns when all members have done theirs. Calls with a
 * native kernel are run by the stretch, barriers included; the others one by one. Which barrier is which depends on the plan alone, so that all wait at the same.
 */
export const bindPlan = (plan: ExecutionPlan, kernels: EngineKernels, member: Member): (() => void) => {
  const { native } = kernels;
  const steps: (() => void)[] = [];
  let stretch: (NativeCall | "barrier")[] = [];
  const endStretch = (): void => {
    if (native !== null && stretch.length > 0) steps.push(bindStretch(stretch, native, member));
    stretch = [];
  };
  for (const call of plan.calls) {
    const isNative = native?.has(call.kernel) ?? false;
    const waits = call.barrier && member.threads > 1;
    const part = partOfCall(call, member);
    if (isNative) {
      if (waits) stretch.push("barrier");
      if (part) stretch.push(part);
      continue;
    }
    endStretch();
    if (waits) steps.push(member.wait);
    if (part) steps.push(bindWasm(part, kernels));
  }
  if (member.threads > 1) {
    // By the plan alone, too: who sleeps in a native wait is not woken from WebAssembly's, nor the reverse.
    const last = plan.calls.at(-1);
    if (last !== undefined && native?.has(last.kernel)) stretch.push("barrier");
    else steps.push(member.wait);
  }
  endStretch();
  if (steps.length === 1) return steps[0]!;
  return () => {
    for (const step of steps) step();
  };
};
