import { pageBytes } from "../../tensor/layout.ts";
import type { TrainingPlan } from "./training.ts";

/** Batches that the ring holds at best: one that is computed, one that waits, one that is read. */
const batches = 3;

/**
 * Rows of the ring that fit into `memoryBytes`: at most three times what a program takes at once, at least that much, with which reading and computing take turns.
 * @param smallest the plan with a ring of one row
 */
export const ringRowsWithin = (memoryBytes: number, { ring, memoryBytes: used }: TrainingPlan): number => {
  if (ring === null) throw new Error("the plan has a ring");
  const most = ring.slots.count - ring.rows;
  const rowBytes = 4 * ring.inputs + 4;
  // A page for what is rounded up.
  const room = Math.floor((memoryBytes - used - pageBytes) / rowBytes);
  return Math.max(most, Math.min(batches * most, room));
};
