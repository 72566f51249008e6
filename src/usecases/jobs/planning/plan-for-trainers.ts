import type { Plan } from "../../../domain/jobs/job.ts";

const grouped = (value: number): string => value.toLocaleString("en-US");

/**
 * A plan within what the job may have, and within what the largest trainer may use where that is less: activations are computed again, and rows read from disk, as
 * if the specification had said so. Where no plan is so small, the one that it asks for, with a warning: a larger trainer may come.
 * @param largest null: no trainer is known
 */
export const planForTrainers = async (
  asked: number,
  largest: number | null,
  plan: (memoryBytes: number) => Promise<Plan>,
): Promise<Plan> => {
  const whole = await plan(asked);
  if (largest === null || whole.memoryBytes <= largest || whole.memoryBytes > asked) return whole;
  const smaller = await plan(largest);
  if (smaller.memoryBytes <= largest) return smaller;
  const warning = `the job needs ${grouped(smaller.memoryBytes)} bytes, and no trainer that runs now may use more than ${grouped(largest)}: unless a larger one comes it will fail; give one more with TRAINER_MEMORY_BYTES, or make the model or the batch smaller`;
  return { ...whole, warnings: [...whole.warnings, warning] };
};
