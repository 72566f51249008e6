import type { Team } from "../../parallel/team.ts";
import type { TrainingPlan } from "../planning/training.ts";
import { createRingLead, type WantedRows } from "../ring/ring-lead.ts";

/** Runs programs that take rows of a split: where they come through a ring, they are waited for. */
export interface RowRunner {
  run(program: number, wanted: WantedRows): void;
  /** The rows' order is another now. */
  forget(): void;
}

/** @param onWait called while rows are waited for */
export const createRowRunner = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  team: Team,
  onWait: () => void,
): RowRunner => {
  if (plan.ring === null) return { run: team.run, forget: () => {} };
  const lead = createRingLead(plan.ring, memory, onWait);
  return {
    run: (program, wanted) => {
      lead.take(wanted);
      team.run(program);
      lead.giveBack(wanted.rows);
    },
    forget: lead.forget,
  };
};

/** Programs that ask about a whole batch, and about what is left of the rows behind the last. */
interface BatchPrograms {
  readonly full: number;
  readonly rest: number;
}

/**
 * Asks the model as it stands about rows of an order, batch by batch. `visit` is told the position of the first and how many they are, and may read what the program
 * has left in the memory, and its outputs, row-major, until the next batch.
 */
export const askInBatches = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  runner: RowRunner,
  { full, rest }: BatchPrograms,
  { split, orderOffset, first: start, rows }: Pick<WantedRows, "split" | "orderOffset" | "first" | "rows">,
  visit: (first: number, count: number, outputs: Float32Array) => void,
): void => {
  const { evaluation, cursorOffset } = plan.layout;
  const cursor = new Int32Array(memory.buffer, cursorOffset, 1);
  const outputs = new Float32Array(memory.buffer, evaluation.outputsOffset, evaluation.rows * plan.shape.outputs);
  const batch = Math.min(rows, evaluation.rows);
  const end = start + rows;
  for (let first = start; first < end; first += batch) {
    const count = Math.min(batch, end - first);
    cursor[0] = first;
    runner.run(count === batch ? full : rest, { split, orderOffset, first, rows: count, end, epoch: null });
    visit(first, count, outputs);
  }
};
