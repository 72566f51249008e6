import { assert } from "../../domain/errors.ts";
import type { ClusteringTask } from "./clustering-plan.ts";
import { blockSize } from "./parameter-block.ts";
import type { Workspace } from "./workspace.ts";

/** Where a fit stands between two iterations; with the three blocks of parameters, all that it needs to go on. A JSON value. */
export interface ClusteringMeta {
  version: 1;
  /** Iterations of all runs so far. */
  step: number;
  /** The running run: its k, number among the restarts, iterations, and the objective of `current`; null before its start. */
  k: number;
  restart: number;
  iteration: number;
  objective: number | null;
  /** The best run for this k: what `candidate` holds; null if none has ended well. */
  candidateObjective: number | null;
  candidateDegenerate: boolean;
  /** What `chosen` holds, by the criterion; null if no k has ended well. */
  chosen: { k: number; criterion: number; degenerate: boolean } | null;
  /** What the choice of k went by, for each k that is done. */
  criteria: { k: number; value: number }[];
  /** How runs ended, over all k. */
  converged: number;
  stopped: number;
  failed: number;
  /** Runs that were worth a warning, by its type; absent where there were none. */
  troubled?: Record<string, { runs: number; from: number; to: number }>;
  /** Milliseconds of computing so far. */
  computedMs: number;
}

/** A checkpoint: resuming from it gives the same bits as never having stopped. Tensors: the used parts of the blocks, as copies. */
export interface ClusteringState {
  readonly meta: ClusteringMeta;
  readonly tensors: Readonly<Record<string, Float64Array>>;
}

export const startMeta = (task: ClusteringTask): ClusteringMeta => ({
  version: 1,
  step: 0,
  k: task.from,
  restart: 0,
  iteration: 0,
  objective: null,
  candidateObjective: null,
  candidateDegenerate: false,
  chosen: null,
  criteria: [],
  converged: 0,
  stopped: 0,
  failed: 0,
  computedMs: 0,
});

/** The used parts of the blocks. */
const parts = (task: ClusteringTask, space: Workspace, meta: ClusteringMeta): [string, Float64Array][] => {
  const part = (name: "current" | "candidate" | "chosen", k: number): [string, Float64Array] => [
    name,
    space.blocks[name].subarray(0, k === 0 ? 0 : blockSize(task, k, space.points.train.columns)),
  ];
  return [
    part("current", meta.objective === null ? 0 : meta.k),
    part("candidate", meta.candidateObjective === null ? 0 : meta.k),
    part("chosen", meta.chosen?.k ?? 0),
  ];
};

export const saveState = (task: ClusteringTask, space: Workspace, meta: ClusteringMeta): ClusteringState => ({
  meta: structuredClone(meta),
  tensors: Object.fromEntries(parts(task, space, meta).map(([name, values]) => [name, Float64Array.from(values)])),
});

/** Puts the checkpoint's blocks back into the memory and returns where it stood. */
export const loadState = (task: ClusteringTask, space: Workspace, state: ClusteringState): ClusteringMeta => {
  const meta = structuredClone(state.meta);
  for (const [name, values] of parts(task, space, meta)) {
    const saved = state.tensors[name];
    assert(saved?.length === values.length, `the checkpoint's tensor ${name} fits the plan`);
    values.set(saved);
  }
  return meta;
};
