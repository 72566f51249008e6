import type { ClusteringTask } from "./clustering-plan.ts";
import { blockSize } from "./parameter-block.ts";
import type { Workspace } from "./workspace.ts";

/** Where a fit stands between two iterations; with the three blocks of parameters, all that it needs to go on. A JSON value. */
export interface ClusteringState {
  /** Iterations of all runs so far. */
  step: number;
  /** The running run: its k, number among the restarts, iterations, and the objective of `current`; null before its start. */
  k: number;
  restart: number;
  iteration: number;
  objective: number | null;
  /** The best run for this k: what `candidate` holds; null if none has ended well. */
  candidateObjective: number | null;
  /** What `chosen` holds, by the criterion; null if no k has ended well. */
  chosen: { k: number; criterion: number } | null;
  /** How runs ended, over all k. */
  converged: number;
  stopped: number;
  failed: number;
  seconds: number;
}

/** A state and the blocks that go with it. `blocks` are copies: nothing of the running job changes them. */
export interface ClusteringCheckpoint {
  readonly step: number;
  readonly state: ClusteringState;
  readonly tensors: readonly { readonly name: "current" | "candidate" | "chosen"; readonly values: Float64Array }[];
}

export const startState = (task: ClusteringTask): ClusteringState => ({
  step: 0,
  k: task.from,
  restart: 0,
  iteration: 0,
  objective: null,
  candidateObjective: null,
  chosen: null,
  converged: 0,
  stopped: 0,
  failed: 0,
  seconds: 0,
});

/** The used parts of the blocks. */
const parts = (task: ClusteringTask, space: Workspace, state: ClusteringState) => {
  const d = space.points.train.columns;
  const part = (name: "current" | "candidate" | "chosen", k: number) => ({
    name,
    values: space.blocks[name].subarray(0, k && blockSize(task, k, d)),
  });
  return [
    part("current", state.objective === null ? 0 : state.k),
    part("candidate", state.candidateObjective === null ? 0 : state.k),
    part("chosen", state.chosen?.k ?? 0),
  ];
};

export const saveCheckpoint = (
  task: ClusteringTask,
  space: Workspace,
  state: ClusteringState,
): ClusteringCheckpoint => ({
  step: state.step,
  state: structuredClone(state),
  tensors: parts(task, space, state).map(({ name, values }) => ({ name, values: Float64Array.from(values) })),
});

/** Puts the checkpoint's blocks back into the memory and returns its state. */
export const loadCheckpoint = (
  task: ClusteringTask,
  space: Workspace,
  checkpoint: ClusteringCheckpoint,
): ClusteringState => {
  const state = structuredClone(checkpoint.state);
  for (const { name, values } of parts(task, space, state)) {
    const saved = checkpoint.tensors.find((tensor) => tensor.name === name);
    if (saved?.values.length !== values.length)
      throw new Error(`the checkpoint's tensor ${name} does not fit the plan`);
    values.set(saved.values);
  }
  return state;
};
