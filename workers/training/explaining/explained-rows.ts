import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { reportSplitOf } from "../../../src/engine/train/planning/training.ts";

/** Exchanges of each column. */
export const repeats = 5;
/** More rows make the intervals narrower than anyone needs. */
const mostRows = 10_000;
/** Fewer say nothing. */
const leastRows = 20;
/** Of the training's FLOPs, that explanations may take. */
const share = 0.1;

/**
 * Rows that permutation importance is measured on: as many as a tenth of the training's FLOPs pay for, or `free` FLOPs, which take less than a tenth of a second;
 * at most ten thousand. 0: even twenty rows would take longer.
 */
const explainedRows = (
  { rows, inputs }: { rows: number; inputs: number },
  { trainFlops, rowFlops, free }: { trainFlops: number; rowFlops: number; free: number },
): number => {
  if (rows < 2 || inputs === 0) return 0;
  // Each column once, and of correlated ones their groups.
  const asked = 1 + 1.5 * repeats * inputs;
  const paid = Math.floor(Math.max(share * trainFlops, free) / (asked * Math.max(1, rowFlops)));
  return paid < Math.min(leastRows, rows) ? 0 : Math.min(rows, mostRows, paid);
};

interface Shape {
  readonly trainRows: number;
  readonly validationRows: number;
  readonly testRows: number;
  readonly inputs: number;
  readonly outputs: number;
}

const reported = (shape: Shape): number => shape[`${reportSplitOf(shape)}Rows`];

/** Without optimisation loops and in double precision less is free. */
const [freeTrained, freeSolved] = [1e9, 1e8];

/** Of a network: what it takes in is a table's columns, none of them worked on before, and all rows lie in the memory. */
export const explainedByNetwork = (
  { task, model }: Pick<ResolvedJobSpec, "task" | "model">,
  shape: Shape,
  {
    trunk,
    ring,
    steps,
    stepsPerEpoch,
    flopsPerStep,
  }: Readonly<{ trunk: unknown; ring: unknown; steps: number; stepsPerEpoch: number; flopsPerStep: number }>,
): number => {
  const supervised = task.type === "classification" || task.type === "regression";
  if (!supervised || model.type === "cnn" || trunk !== null || ring !== null) return 0;
  // A step is about three evaluations of its rows.
  const rowFlops = (flopsPerStep * stepsPerEpoch) / (3 * Math.max(1, shape.trainRows));
  const rows = { rows: reported(shape), inputs: shape.inputs };
  return explainedRows(rows, { trainFlops: steps * flopsPerStep, rowFlops, free: freeTrained });
};

/** Of a solved model, which takes a few passes. */
export const explainedBySolution = (
  shape: Shape,
  { flopsPerStep, method }: { flopsPerStep: number; method: "qr" | "newton" | "lbfgs" },
): number => {
  const rows = { rows: reported(shape), inputs: shape.inputs };
  const trainFlops = flopsPerStep * { qr: 1, newton: 5, lbfgs: 50 }[method];
  return explainedRows(rows, { trainFlops, rowFlops: 2 * shape.inputs * shape.outputs, free: freeSolved });
};
