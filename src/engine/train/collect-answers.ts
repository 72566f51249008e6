import type { Team } from "../parallel/team.ts";
import { reportSplitOf, type Split, type TrainingPlan } from "./training.ts";

/** What the model says of the rows that the report is about. */
export interface Answers {
  readonly split: Split;
  /** rows × outputs, row-major: probabilities of classes, rates of counts, means, or (μ, ln σ²) for gaussian_nll. */
  readonly outputs: Float32Array;
}

/**
 * Asks the model as it stands in the job's memory, after fit(), about every row of the split that the report is about. Takes no memory
 * beyond the plan but the answers themselves. `onBatch` is called between batches.
 */
export const collectAnswers = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  team: Team,
  onBatch: () => void,
): Answers => {
  const split = reportSplitOf(plan.shape);
  const programs = plan.programIndex.evaluate[split]!;
  const { evaluation, cursorOffset } = plan.layout;
  const { rows } = plan.data[split];
  const width = plan.shape.outputs;
  const cursor = new Int32Array(memory.buffer, cursorOffset, 1);
  const batch = new Float32Array(memory.buffer, evaluation.outputsOffset, evaluation.rows * width);
  const outputs = new Float32Array(rows * width);
  for (let first = 0; first < rows; first += evaluation.rows) {
    const count = Math.min(evaluation.rows, rows - first);
    cursor[0] = first;
    team.run(first + evaluation.rows <= rows ? programs.full : programs.rest);
    outputs.set(batch.subarray(0, count * width), first * width);
    onBatch();
  }
  return { split, outputs };
};
