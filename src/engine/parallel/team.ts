import type { ExecutionPlan } from "../graph/plan.ts";
import type { EngineKernels } from "../kernels/engine-kernels.ts";
import { phasesEnded, waitAtBarrier, wordsOf } from "./barrier.ts";
import { type BoundPart, bindPart } from "./bind.ts";
import { createLeadGate, createMemberGate } from "./call-gate.ts";
import { createTeamSizes, type TeamSizes } from "./team-sizes.ts";

/** What a team needs to know of a job: a plain value that can be posted to its members. */
export interface TeamPlan {
  readonly programs: readonly ExecutionPlan[];
  /** All that the team may have at work. */
  readonly threads: number;
  /** Offset of the team's shared block (syncBytes). */
  readonly syncOffset: number;
  /** Offset of each thread's scratch memory. */
  readonly scratchOffsets: readonly number[];
}

/** The lead's hold on its team. */
export interface Team {
  readonly threads: number;
  /** Runs one program to its end, the lead computing its part. */
  run(program: number): void;
  /** Lets the members return: then none of them touches the memory any more. */
  dismiss(): void;
}

export interface TeamOptions {
  /** How many may be at work now: asked before each run. The others of the team sleep. */
  readonly limit?: () => number;
  /** How many are at work, by what runs have taken; left out: whatever is fastest on this machine at the time. */
  readonly sizes?: TeamSizes;
}

/** A thread's part of each program in a team of each size, bound when it is first run. */
const createParts = (plan: TeamPlan, memory: WebAssembly.Memory, kernels: EngineKernels, thread: number) => {
  const { syncOffset } = plan;
  const sync = wordsOf(memory.buffer, syncOffset);
  const bound: BoundPart[][] = plan.programs.map(() => []);
  return (program: number, threads: number): BoundPart => {
    const known = bound[program]![threads];
    if (known !== undefined) return known;
    const wait = (): void => waitAtBarrier(sync, threads);
    const member = { thread, threads, scratchOffset: plan.scratchOffsets[thread]!, wait, syncOffset };
    const part = bindPart(plan.programs[program]!, kernels, member);
    bound[program]![threads] = part;
    return part;
  };
};

/** Makes the calling thread the lead (member 0) of its team. The other threads each call runTeamMember. */
export const leadTeam = (
  plan: TeamPlan,
  memory: WebAssembly.Memory,
  kernels: EngineKernels,
  { limit, sizes = createTeamSizes() }: TeamOptions = {},
): Team => {
  const { threads } = plan;
  const partOf = createParts(plan, memory, kernels, 0);
  if (threads === 1) return { threads, run: (program) => partOf(program, 1).run(0), dismiss: () => {} };
  let before = phasesEnded(memory.buffer, plan.syncOffset);
  const gate = createLeadGate(wordsOf(memory.buffer, plan.syncOffset), threads);
  return {
    threads,
    run: (program) => {
      const most = limit === undefined ? threads : Math.max(1, Math.min(threads, limit()));
      const size = sizes.next(program, most);
      const part = partOf(program, size);
      const startMs = performance.now();
      // Alone it asks nobody: the members go on waiting, and soon sleep.
      if (size > 1) gate.call(program, size, before);
      part.run(before);
      before += part.phases;
      sizes.took(program, performance.now() - startMs);
    },
    dismiss: gate.dismiss,
  };
};

/**
 * The loop of member 1 … threads − 1: runs its part of whatever program the lead commands, until it is dismissed. Blocks its thread; throws TeamAborted when
 * the team is given up.
 */
export const runTeamMember = (
  plan: TeamPlan,
  memory: WebAssembly.Memory,
  kernels: EngineKernels,
  thread: number,
): void => {
  const partOf = createParts(plan, memory, kernels, thread);
  const gate = createMemberGate(wordsOf(memory.buffer, plan.syncOffset), thread);
  for (let call = gate.next(); call !== null; call = gate.next()) partOf(call.program, call.size).run(call.before);
  gate.leave();
};
