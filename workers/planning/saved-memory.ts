import { sumOverRuns } from "../../src/engine/train/planning/program-runs.ts";
import type { TrainingPlan } from "../../src/engine/train/planning/training.ts";
import { type CallCosts, secondsOfProgram } from "./call-costs.ts";

/** Share of the time, or where that is not known of the operations, that computing activations again adds. */
const addedShare = (
  { programs, runs, threads, flopsPerStep, recomputedFlopsPerStep }: TrainingPlan,
  costs: CallCosts | null,
): number => {
  if (costs === null) return recomputedFlopsPerStep / (flopsPerStep - recomputedFlopsPerStep);
  const secondsOf = (again: boolean): number =>
    sumOverRuns(runs, (program) =>
      secondsOfProgram(
        programs[program]!.calls.filter((call) => (call.again ?? false) === again),
        threads,
        costs,
      ),
    );
  return secondsOf(true) / secondsOf(false);
};

const inMebibytes = (bytes: number): string =>
  `${(bytes / 2 ** 20).toLocaleString("en-US", { maximumFractionDigits: 1 })} MiB`;

/** What computing activations again saves and costs; nothing where all are kept. */
export const savedMemory = (
  planned: TrainingPlan,
  costs: CallCosts | null,
): { savedBytes?: number; recomputedFlopsPerStep?: number; note?: string } => {
  const { memoryBytes, keepingBytes, recomputedFlopsPerStep } = planned;
  const savedBytes = keepingBytes - memoryBytes;
  if (savedBytes === 0) return {};
  const percent = Math.max(1, Math.round(100 * addedShare(planned, costs)));
  const note = `activations are computed again for their gradients: ${inMebibytes(memoryBytes)} instead of ${inMebibytes(keepingBytes)}, about ${percent} % more time; the result is the same to the bit`;
  return { savedBytes, recomputedFlopsPerStep, note };
};
