import { pageBytes } from "../../tensor/layout.ts";
import type { TrainingPlan } from "./training.ts";

/** Batches that the ring holds at best: one that is computed, one that waits, one that is read. */
const batches = 3;
/** Encoded rows are sorted into the order of an epoch part by part, and the ring holds two parts: larger ones are fewer. */
const bytesOfSpilled = 32 * 1024 ** 2;

/**
 * Rows of the ring that fit into `memoryBytes`: at most three times what a program takes at once, or for encoded rows 32 MiB; at least what a program takes, with
 * which reading and computing take turns.
 * @param smallest the plan with a ring of one row
 */
export const ringRowsWithin = (memoryBytes: number, { ring, shape, memoryBytes: used }: TrainingPlan): number => {
  if (ring === null) throw new Error("the plan has a ring");
  const most = ring.slots.count - ring.rows;
  const rowBytes = 4 * ring.inputs + 4;
  // A page for what is rounded up.
  const room = Math.floor((memoryBytes - used - pageBytes) / rowBytes);
  const spilled = ring.spill === null ? 0 : Math.min(2 * shape.trainRows, Math.floor(bytesOfSpilled / rowBytes));
  return Math.max(most, Math.min(Math.max(batches * most, spilled), room));
};
