import type { Team } from "../../parallel/team.ts";
import { reportSplitOf, type Split, type TrainingPlan } from "../planning/training.ts";
import { askInBatches, createRowRunner } from "./row-runner.ts";

/** Rows and numbers that answers are kept of at most: what says more about a model than its standard errors need is only slow. */
const mostRows = 1_000_000;
const mostNumbers = 2 ** 25;

/** What the model says of the rows that the report is about. */
export interface Answers {
  readonly split: Split;
  /** Places of the rows in the split, growing; all of them, or as many as are kept, evenly spread. */
  readonly rows: Int32Array;
  /** rows × outputs, row-major: probabilities of classes, rates of counts, means, or (μ, ln σ²) for gaussian_nll. */
  readonly outputs: Float32Array;
}

/** Of `total` rows with so many answers each, those that are asked about. */
export const answeredRows = (total: number, width: number, most = mostRows): number =>
  Math.min(total, most, mostRows, Math.max(1, Math.floor(mostNumbers / width)));

/** At most `most` of `total` rows at equal distances. */
export const spreadRows = (total: number, width: number, most = mostRows): Int32Array => {
  const count = answeredRows(total, width, most);
  const rows = new Int32Array(count);
  for (let i = 0; i < count; i++) rows[i] = count === total ? i : Math.floor((i * total) / count);
  return rows;
};

/** Runs `ask` while rows are gathered in another order: `rows` first. */
const whileFirst = (plan: TrainingPlan, memory: WebAssembly.Memory, rows: Int32Array, ask: () => void): void => {
  const identity = new Int32Array(memory.buffer, plan.layout.identityOffset, rows.length);
  const before = identity.slice();
  identity.set(rows);
  try {
    ask();
  } finally {
    identity.set(before);
  }
};

export interface CollectOptions {
  /** Else the one that the report is about. */
  split?: Split;
  most?: number;
}

/**
 * Asks the model as it stands in the job's memory, after fit(), about rows of a split. Takes no shared memory beyond the plan.
 * `onBatch` is called between batches, and while their rows are waited for.
 */
export const collectAnswers = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  team: Team,
  onBatch: () => void,
  { split = reportSplitOf(plan.shape), most }: CollectOptions = {},
): Answers => {
  const programs = plan.programIndex.evaluate[split]!;
  const { evaluation, identityOffset } = plan.layout;
  const runner = createRowRunner(plan, memory, team, onBatch);
  const total = plan.data[split].rows;
  const width = plan.shape.outputs;
  const rows = spreadRows(total, width, most);
  const outputs = new Float32Array(rows.length * width);
  whileFirst(plan, memory, rows, () => {
    // Whole batches, as there are programs for: the last may take more rows than are kept.
    const asked = Math.min(total, Math.ceil(rows.length / evaluation.rows) * evaluation.rows);
    const wanted = { split, orderOffset: identityOffset, first: 0, rows: asked };
    askInBatches(plan, memory, runner, programs, wanted, (first, count, batch) => {
      outputs.set(batch.subarray(0, Math.min(count, rows.length - first) * width), first * width);
      onBatch();
    });
  });
  return { split, rows, outputs };
};
