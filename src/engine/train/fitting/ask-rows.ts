import type { Team } from "../../parallel/team.ts";
import type { Split, TrainingPlan } from "../planning/training.ts";
import { createRingLead } from "../ring/ring-lead.ts";

/**
 * Asks the model about rows of inputs that are given: they go into the ring as if they had been read. A row's answer does not depend on the rows beside it, so these
 * are the bits of rows that lie in the memory. rows × outputs.
 */
export const askGivenRows = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  team: Team,
  onBatch: () => void,
  { split, features }: { split: Split; features: Float32Array | Float64Array },
): Float32Array => {
  const { ring, layout, shape } = plan;
  const programs = plan.programIndex.evaluate[split];
  if (ring === null || programs === undefined) throw new Error("the plan has a ring, and the split has rows");
  const { evaluation, cursorOffset } = layout;
  const lent = createRingLead(ring, memory, onBatch).lend();
  const cursor = new Int32Array(memory.buffer, cursorOffset, 1);
  const batch = new Float32Array(memory.buffer, evaluation.outputsOffset, evaluation.rows * shape.outputs);
  const rows = features.length / shape.inputs;
  const outputs = new Float32Array(rows * shape.outputs);
  for (let first = 0; first < rows; first += evaluation.rows) {
    const count = Math.min(evaluation.rows, rows - first);
    lent.set(features.subarray(first * shape.inputs, (first + count) * shape.inputs));
    // The labels that are gathered beside them are not looked at.
    cursor[0] = 0;
    team.run(programs.full);
    outputs.set(batch.subarray(0, count * shape.outputs), first * shape.outputs);
    onBatch();
  }
  return outputs;
};
