import type { Team } from "../../parallel/team.ts";
import type { Split, TrainingPlan } from "../planning/training.ts";
import { floatsOf, viewOf } from "./memory.ts";
import { loadInitial } from "./state.ts";

/** Where a row belongs. */
export interface RowPlace {
  readonly split: Split;
  readonly row: number;
}

/** Takes rows of inputs and keeps what a frozen trunk makes of them. */
export interface Intake {
  /** Rows that it holds at once, one after another. */
  readonly input: Float32Array;
  readonly rows: number;
  /** Computes the first rows of `input`, one for each place. */
  take(places: readonly RowPlace[]): void;
}

/**
 * Fills the splits' features with the trunk's values; null where the plan has no trunk. A row's values do not depend on the rows beside it, so they are the bits
 * that each step would have computed. `initial`: the base's weights. `onBatch` is called after each run.
 */
export const createIntake = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  team: Team,
  { initial, onBatch }: { initial: ReadonlyMap<string, Float32Array>; onBatch: () => void },
): Intake | null => {
  const { trunk } = plan;
  if (trunk === null) return null;
  loadInitial(plan, memory, initial);
  const { rows, width, program } = trunk;
  const output = floatsOf(memory, trunk.output);
  const features = (split: Split) => viewOf(memory, plan.data[split].features);
  const kept = { train: features("train"), validation: features("validation"), test: features("test") };
  return {
    input: floatsOf(memory, trunk.input),
    rows,
    take: (places) => {
      team.run(program);
      for (const [i, { split, row }] of places.entries())
        kept[split].set(output.subarray(i * width, (i + 1) * width), row * width);
      onBatch();
    },
  };
};
