import type { ExecutionPlan, PlanCall } from "../graph/plan.ts";
import type { EngineKernels } from "../kernels/engine-kernels.ts";
import type { NativeCall, NativePhase, NativePiece } from "../kernels/native/library.ts";
import { TeamAborted } from "./barrier.ts";
import { partOf, type UnitRange } from "./partition.ts";
import { cutPart } from "./pieces.ts";

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

/** A call with all its arguments, for whoever runs it on this member's scratch memory. */
const withRange = ({ kernel, args, scratch }: PlanCall, member: Member, { start, end }: UnitRange): NativeCall => {
  const own = args.map((argument, position) => (position === scratch ? member.scratchOffset : argument));
  return { kernel, args: [...own, start, end] };
};

/** This member's part of a call with all its arguments; null where it has none. */
const partOfCall = (call: PlanCall, member: Member): NativeCall | null => {
  const part = partOf(call.units, call.grain, member.thread, member.threads);
  return part.start >= part.end ? null : withRange(call, member, part);
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

/** A member's part of a program, in a team of one size. */
export interface BoundPart {
  /** Phases of a program that native kernels run from its first call to its last; 0: it is not such a one, or the team is one thread. */
  readonly phases: number;
  /** Returns when this member has nothing more to do for the program; the lead's, when all is done. `before`: phases that the team has ended until now. */
  readonly run: (before: number) => void;
}

/** Calls between two barriers, as pieces that are each thread's own to begin with. */
const phaseOf = (calls: readonly PlanCall[], member: Member): NativePhase =>
  Array.from({ length: member.threads }, (_, thread) =>
    calls.flatMap((call): NativePiece[] =>
      cutPart(call, thread, member.threads).map((range) => [withRange(call, member, range)]),
    ),
  );

const phasesOf = ({ calls }: ExecutionPlan, member: Member): NativePhase[] => {
  const starts = calls.flatMap(({ barrier }, index) => (barrier || index === 0 ? [index] : []));
  return starts.map((start, i) => phaseOf(calls.slice(start, starts[i + 1]), member));
};

export const bindPart = (plan: ExecutionPlan, kernels: EngineKernels, member: Member): BoundPart => {
  const { native } = kernels;
  if (native === null || member.threads === 1 || plan.calls.some(({ kernel }) => !native.has(kernel)))
    return { phases: 0, run: bindPlan(plan, kernels, member) };
  const phases = phasesOf(plan, member);
  const run = native.bindTeam(phases, member, member.thread);
  return {
    phases: phases.length,
    run: (before) => {
      if (!run(before)) throw new TeamAborted();
    },
  };
};
