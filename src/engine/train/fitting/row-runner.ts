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
