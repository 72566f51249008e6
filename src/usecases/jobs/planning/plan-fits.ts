import type { DataShape } from "../../../data/preprocessing/data-shape.ts";
import type { Fit } from "../../../data/splits/fits.ts";
import { ServiceError } from "../../../domain/errors.ts";
import type { Plan } from "../../../domain/jobs/job.ts";
import { isFoldEnsemble } from "../../../domain/jobs/spec/folds/cross-validation-spec.ts";
import type { ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import { requireFoldRows } from "./require-fold-rows.ts";

const pageBytes = 65_536;
/** What is kept of a held-out row beside its probabilities or its value: truth (twice of numbers), place, group, losses and what simpler models say. */
const numbersOfRow = 10;

/** Of a row that a point of a learning curve is measured on: its loss and its score. */
const numbersOfPoint = 2;

/** Bytes of all that the folds, or the measured fits, say of the rows held out, which checkpoints and the report are made of. */
const keptBytes = (fits: readonly Fit[]): number => {
  const numbers = fits.reduce((sum, { spec, heldOut, shape, isPart }) => {
    if (isPart) return sum + shape.testRows * numbersOfPoint;
    if (heldOut === null && spec.training.refit !== true) return sum;
    return sum + (shape.testRows || shape.validationRows) * (Math.max(2, shape.outputs) + numbersOfRow);
  }, 0);
  return Math.ceil((8 * numbers) / pageBytes) * pageBytes;
};

/** Bytes of the weights of all folds' models, where they are the job's model together. */
const ensembleBytes = (models: number, parameters: number): number =>
  Math.ceil((4 * models * parameters) / pageBytes) * pageBytes;

/** Why there is more than one fit: in words, the field, and how to do without. */
const severalFits = (fits: readonly Fit[]): readonly [string, string, string] => {
  const [first] = fits;
  if (first?.isPart) return ["learning curve", "learningCurve", "leave the learning curve out"];
  return first?.heldOut === null
    ? ["refit", "refit", "set training.refit to false"]
    : ["cross-validation", "crossValidation", "leave the cross-validation out"];
};

/**
 * What all fits of a job take together: the memory of the largest, as one runs after the other, and what is kept of the folds; the steps and seconds of all.
 * Fits of one shape are planned once.
 */
export const planFits = async (
  fits: readonly Fit[],
  plan: (spec: ResolvedJobSpec, shape: DataShape) => Promise<Plan>,
): Promise<Plan> => {
  requireFoldRows(fits);
  const known = new Map<string, Promise<Plan>>();
  const plans = await Promise.all(
    fits.map(({ spec, shape }) => {
      const { heldOut: _, ...training } = spec.training;
      const key = JSON.stringify([training.batchSize, training.everyRow, training.part, shape]);
      const planned = known.get(key) ?? plan({ ...spec, training }, shape);
      known.set(key, planned);
      return planned;
    }),
  );
  if (plans.length === 1) return plans[0]!;
  if (plans.some(({ ringRows }) => ringRows !== undefined)) {
    const [what, field, remedy] = severalFits(fits);
    const detail = `a ${what} needs all rows in the job's memory, and they are more than it may have; raise resources.memoryBytes, or ${remedy}`;
    throw new ServiceError("over_limit", detail, { errors: [{ pointer: `/training/${field}`, detail }] });
  }
  const last = plans.at(-1)!;
  const { explainedRows: _, ...own } = last;
  // The report is of the folds, whose models are not explained, or of the model that is measured before it is fitted once more.
  const measured =
    fits[0]!.heldOut === null ? plans[fits.findIndex(({ isPart }) => !isPart)]!.explainedRows : undefined;
  const most = (of: (one: Plan) => number): number => Math.max(...plans.map(of));
  const sum = (of: (one: Plan) => number): number => plans.reduce((total, one) => total + of(one), 0);
  const searchSteps = sum((one) => one.searchSteps ?? 0);
  const models = isFoldEnsemble(fits[0]!.spec) ? fits.length : 1;
  const { parameters } = own;
  const kept = keptBytes(fits) + (models === 1 ? 0 : ensembleBytes(models, parameters));
  return {
    ...own,
    parameters: models * parameters,
    ...(measured === undefined ? {} : { explainedRows: measured }),
    memoryBytes: most(({ memoryBytes }) => memoryBytes) + kept,
    flopsPerStep: most(({ flopsPerStep }) => flopsPerStep),
    steps: sum(({ steps }) => steps),
    ...(searchSteps > 0 ? { searchSteps } : {}),
    fits: fits.length,
    threads: most(({ threads }) => threads),
    estimatedSeconds: sum(({ estimatedSeconds }) => estimatedSeconds),
    warnings: [...new Set(plans.flatMap(({ warnings }) => warnings))],
  };
};
