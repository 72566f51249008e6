import type { ExecutionPlan } from "../graph/plan.ts";
import type { EngineKernels } from "../kernels/engine-kernels.ts";
import { createBarrier } from "./barrier.ts";
import { bindPlan } from "./bind.ts";

/** What a team needs to know of a job: a plain value that can be posted to its members. */
export interface TeamPlan {
  readonly programs: readonly ExecutionPlan[];
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

const dismissed = -1;

const bindAll = (plan: TeamPlan, memory: WebAssembly.Memory, kernels: EngineKernels, thread: number) => {
  const barrier = createBarrier(memory.buffer, plan.syncOffset, plan.threads);
  const { threads, syncOffset } = plan;
  const member = { thread, threads, scratchOffset: plan.scratchOffsets[thread]!, wait: barrier.wait, syncOffset };
  return { barrier, programs: plan.programs.map((program) => bindPlan(program, kernels, member)) };
};

/** Makes the calling thread the lead (member 0) of its team. The other threads each call runTeamMember. */
export const leadTeam = (plan: TeamPlan, memory: WebAssembly.Memory, kernels: EngineKernels): Team => {
  const { barrier, programs } = bindAll(plan, memory, kernels, 0);
  if (plan.threads === 1) return { threads: 1, run: (program) => programs[program]!(), dismiss: () => {} };
  return {
    threads: plan.threads,
    run: (program) => {
      barrier.command.set(program);
      barrier.wait();
      programs[program]!();
      barrier.wait();
    },
    dismiss: () => {
      barrier.command.set(dismissed);
      barrier.wait();
      barrier.allGone();
    },
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
  const { barrier, programs } = bindAll(plan, memory, kernels, thread);
  for (;;) {
    barrier.wait();
    const program = barrier.command.get();
    if (program === dismissed) {
      barrier.leave();
      return;
    }
    programs[program]!();
    barrier.wait();
  }
};
