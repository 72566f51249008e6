import type { Team } from "../../parallel/team.ts";
import type { RingPlan } from "../planning/row-sources.ts";
import type { Split, TrainingPlan } from "../planning/training.ts";
import { createRingLead, type RingLead, type WantedRows } from "../ring/ring-lead.ts";
import { viewOf } from "./memory.ts";

/** Runs programs that take rows of a split: where they come through a ring, they are waited for. */
export interface RowRunner {
  run(program: number, wanted: WantedRows): void;
  /** All inputs of a split in the order of the file, some rows at a time. */
  eachInputs(split: Split, visit: (inputs: ArrayLike<number>) => void): void;
  /** The rows' order is another now. */
  forget(): void;
}

/** Inputs of so many of a ring's rows as the lead has taken, from the cursor on: in two pieces where they go past its end. */
const takenInputs = ({ rows: all, inputs, rowsOffset, cursorOffset }: RingPlan, memory: WebAssembly.Memory) => {
  const floats = new Float32Array(memory.buffer, rowsOffset, all * inputs);
  const cursor = new Int32Array(memory.buffer, cursorOffset, 1);
  return (rows: number): Float32Array[] => {
    const [first, end] = [cursor[0]!, cursor[0]! + rows];
    const pieces = [floats.subarray(first * inputs, Math.min(end, all) * inputs)];
    return end > all ? [...pieces, floats.subarray(0, (end - all) * inputs)] : pieces;
  };
};

const visitRing = (
  { ring, data, layout }: TrainingPlan & { ring: RingPlan },
  memory: WebAssembly.Memory,
  lead: RingLead,
): RowRunner["eachInputs"] => {
  const taken = takenInputs(ring, memory);
  return (split, visit) => {
    const end = data[split].rows;
    const batch = layout.evaluation.rows;
    for (let first = 0; first < end; first += batch) {
      const rows = Math.min(batch, end - first);
      lead.take({ split, orderOffset: layout.identityOffset, first, rows, end, epoch: null });
      for (const inputs of taken(rows)) visit(inputs);
      lead.giveBack(rows);
    }
  };
};

/** @param onWait called while rows are waited for */
export const createRowRunner = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  team: Team,
  onWait: () => void,
): RowRunner => {
  const { ring, data } = plan;
  if (ring === null)
    return {
      run: team.run,
      eachInputs: (split, visit) => visit(viewOf(memory, data[split].features)),
      forget: () => {},
    };
  const lead = createRingLead(ring, memory, onWait);
  return {
    run: (program, wanted) => {
      lead.take(wanted);
      team.run(program);
      lead.giveBack(wanted.rows);
    },
    eachInputs: visitRing({ ...plan, ring }, memory, lead),
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
