import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { ExactMethod } from "../../../src/engine/exact/exact-plan.ts";
import { reportSplitOf } from "../../../src/engine/train/planning/training.ts";

/** Exchanges of each column. */
export const repeats = 5;
/** More rows make the intervals narrower than anyone needs. */
const mostRows = 5000;
/** Fewer say nothing. */
const leastRows = 20;
/** Of the training's FLOPs, that permutation importance and partial dependence may take: a tenth together. */
const [importanceShare, dependenceShare] = [0.08, 0.02];
/** Rows that partial dependence is averaged over: its curve is smooth long before. */
const mostDependenceRows = 300;

/** What explanations may cost: the rows that the report is about, and what computing takes. `free` FLOPs, which take less than a tenth of a second, are always there. */
export interface ExplainingBudget {
  readonly rows: number;
  readonly inputs: number;
  readonly trainFlops: number;
  readonly rowFlops: number;
  readonly free: number;
}

const paidRows = (
  { rows, trainFlops, rowFlops, free }: ExplainingBudget,
  { share, asked, most }: { share: number; asked: number; most: number },
): number => {
  const flops = Math.max(share * trainFlops, (share / importanceShare) * free);
  const paid = Math.floor(flops / (asked * Math.max(1, rowFlops)));
  return paid < Math.min(leastRows, rows) ? 0 : Math.min(rows, most, paid);
};

/** Rows that permutation importance is measured on, at most five thousand. 0: even twenty would take longer than they may. */
export const explainedRows = (budget: ExplainingBudget | null): number => {
  if (budget === null || budget.rows < 2 || budget.inputs === 0) return 0;
  // Each column once, and of correlated ones their groups.
  const asked = 1 + 1.5 * repeats * budget.inputs;
  return paidRows(budget, { share: importanceShare, asked, most: mostRows });
};

/** Rows that partial dependence is averaged over, where each is asked about so many values. 0: even twenty would take longer than they may. */
export const dependenceRows = (budget: ExplainingBudget | null, values: number): number =>
  budget === null || values === 0
    ? 0
    : paidRows(budget, { share: dependenceShare, asked: values, most: mostDependenceRows });

interface Shape {
  readonly trainRows: number;
  readonly validationRows: number;
  readonly testRows: number;
  readonly inputs: number;
  readonly furtherTextInputs?: number;
  readonly outputs: number;
}

const reported = (shape: Shape): number => shape[`${reportSplitOf(shape)}Rows`];

/** Without optimisation loops and in double precision less is free. */
const [freeTrained, freeSolved] = [1e9, 1e8];

/** Of a network: what it takes in is a table's columns, none of them worked on before, and no pictures. */
export const explainingNetwork = (
  { task, model }: Pick<ResolvedJobSpec, "task" | "model">,
  shape: Shape,
  {
    trunk,
    ring,
    steps,
    stepsPerEpoch,
    flopsPerStep: allFlops,
    recomputedFlopsPerStep,
  }: Readonly<{
    trunk: unknown;
    ring: { readonly spill: unknown } | null;
    steps: number;
    stepsPerEpoch: number;
    flopsPerStep: number;
    recomputedFlopsPerStep: number;
  }>,
): ExplainingBudget | null => {
  // What is computed again to save memory changes nothing of the report.
  const flopsPerStep = allFlops - recomputedFlopsPerStep;
  const supervised = task.type === "classification" || task.type === "regression";
  if (!supervised || model.type === "cnn" || trunk !== null || ring?.spill === null) return null;
  // A step is about three evaluations of its rows.
  const rowFlops = (flopsPerStep * stepsPerEpoch) / (3 * Math.max(1, shape.trainRows));
  const rows = { rows: reported(shape), inputs: shape.inputs - (shape.furtherTextInputs ?? 0) };
  return { ...rows, trainFlops: steps * flopsPerStep, rowFlops, free: freeTrained };
};

/** Of a solved model, which takes a few passes. */
export const explainingSolution = (
  shape: Shape,
  { flopsPerStep, method }: { flopsPerStep: number; method: ExactMethod },
): ExplainingBudget => {
  const rows = { rows: reported(shape), inputs: shape.inputs - (shape.furtherTextInputs ?? 0) };
  const trainFlops = flopsPerStep * { qr: 1, newton: 5, lbfgs: 50, simplex: 1 }[method];
  return { ...rows, trainFlops, rowFlops: 2 * shape.inputs * shape.outputs, free: freeSolved };
};
