import type { DataShape } from "../../../data/preprocessing/data-shape.ts";
import { bytesBesideFits, isTooLargeBeside, modelsBeside, weightBytes } from "../../../data/splits/beside-fits.ts";
import type { Fit } from "../../../data/splits/fits.ts";
import type { Plan } from "../../../domain/jobs/job.ts";
import { isFoldEnsemble } from "../../../domain/jobs/spec/folds/cross-validation-spec.ts";
import type { ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import { limits } from "../../../domain/limits.ts";
import { requireFoldRows } from "./require-fold-rows.ts";

const mostOf = (plans: readonly Plan[], of: (one: Plan) => number): number => Math.max(...plans.map(of));

/** What the memory of the largest fit would be more: another one may be the largest then. */
const savedOf = (plans: readonly Plan[]): Pick<Plan, "savedBytes"> => {
  if (plans.every(({ savedBytes }) => savedBytes === undefined)) return {};
  const keeping = mostOf(plans, ({ memoryBytes, savedBytes = 0 }) => memoryBytes + savedBytes);
  return { savedBytes: keeping - mostOf(plans, ({ memoryBytes }) => memoryBytes) };
};

/** Of those of the fits whose rows come through a ring: the largest. */
const ringOf = (plans: readonly Plan[]): Pick<Plan, "ringRows" | "ringBytes" | "spillBytes"> => {
  const most = (name: "ringRows" | "ringBytes" | "spillBytes") => {
    const values = plans.flatMap((one) => one[name] ?? []);
    return values.length === 0 ? {} : { [name]: Math.max(...values) };
  };
  return { ...most("ringRows"), ...most("ringBytes"), ...most("spillBytes") };
};

/** Fits of different sizes warn of the same in other figures: it is said once, with those of the last, which has most rows, or of the one that takes most of the disk. */
const warningsOf = (plans: readonly Plan[]): string[] => {
  const bySize = plans.toSorted((a, b) => (a.spillBytes ?? 0) - (b.spillBytes ?? 0));
  const all = bySize.flatMap(({ warnings }) => warnings);
  return [...new Map(all.map((warning) => [warning.replace(/[\d.,]+/g, "0"), warning])).values()];
};

/** What is kept of the models that are measured, or why nothing is. */
const besideOf = (fits: readonly Fit[], parameters: number): { kept: Pick<Plan, "measuredBytes">; notes: string[] } => {
  const models = modelsBeside(fits, parameters);
  const most = `${limits.measuredBytes / 2 ** 20} MiB`;
  const remedy =
    fits.at(-1)!.spec.training.refit === true
      ? "coverage is approximate; leave training.refit out where it must be exact"
      : 'there is none; give the job a test split, or take "model": "folds"';
  return {
    kept: models === 0 ? {} : { measuredBytes: models * weightBytes(parameters) },
    notes: isTooLargeBeside(fits, parameters)
      ? [
          `the models that are measured take more than ${most} and are not kept, and without them predictions cannot promise a coverage by them: ${remedy}`,
        ]
      : [],
  };
};

/** Fits of one shape are planned once. */
const planEach = (
  fits: readonly Fit[],
  memoryBytes: number,
  plan: (spec: ResolvedJobSpec, shape: DataShape) => Promise<Plan>,
): Promise<Plan[]> => {
  const known = new Map<string, Promise<Plan>>();
  return Promise.all(
    fits.map(({ spec, shape }) => {
      const { heldOut: _, ...training } = spec.training;
      const key = JSON.stringify([training.batchSize, training.everyRow, training.part, shape]);
      const planned =
        known.get(key) ?? plan({ ...spec, training, resources: { ...spec.resources, memoryBytes } }, shape);
      known.set(key, planned);
      return planned;
    }),
  );
};

/** Plans of all fits, with room for what is kept beside them, and how much that is. */
const planBeside = async (fits: readonly Fit[], plan: (spec: ResolvedJobSpec, shape: DataShape) => Promise<Plan>) => {
  const { memoryBytes } = fits[0]!.spec.resources;
  const plans = await planEach(fits, memoryBytes, plan);
  const beside = bytesBesideFits(fits, plans.at(-1)!.parameters);
  const isOver = mostOf(plans, (one) => one.memoryBytes) + beside > memoryBytes;
  // With less room of their own rows may come from disk, and activations be computed again.
  if (beside === 0 || !isOver) return { plans, beside };
  return { plans: await planEach(fits, Math.max(1, memoryBytes - beside), plan), beside };
};

/** What all fits of a job take together: the memory of the largest, as one runs after the other, and what is kept of the folds; the steps and seconds of all. */
export const planFits = async (
  fits: readonly Fit[],
  plan: (spec: ResolvedJobSpec, shape: DataShape) => Promise<Plan>,
): Promise<Plan> => {
  requireFoldRows(fits);
  const { plans, beside } = await planBeside(fits, plan);
  if (plans.length === 1) return plans[0]!;
  const last = plans.at(-1)!;
  const { explainedRows: _, ...own } = last;
  // The report is of the folds, whose models are not explained, or of the model that is measured before it is fitted once more.
  const measured =
    fits[0]!.heldOut === null ? plans[fits.findIndex(({ isPart }) => !isPart)]!.explainedRows : undefined;
  const sum = (of: (one: Plan) => number): number => plans.reduce((total, one) => total + of(one), 0);
  const searchSteps = sum((one) => one.searchSteps ?? 0);
  const { kept, notes } = besideOf(fits, own.parameters);
  const models = isFoldEnsemble(fits[0]!.spec) ? fits.length : 1;
  return {
    ...{ ...own, ...ringOf(plans), ...savedOf(plans) },
    parameters: models * own.parameters,
    ...(measured === undefined ? {} : { explainedRows: measured }),
    memoryBytes: mostOf(plans, ({ memoryBytes }) => memoryBytes) + beside,
    flopsPerStep: mostOf(plans, ({ flopsPerStep }) => flopsPerStep),
    steps: sum(({ steps }) => steps),
    ...(searchSteps > 0 ? { searchSteps } : {}),
    fits: fits.length,
    threads: mostOf(plans, ({ threads }) => threads),
    estimatedSeconds: sum(({ estimatedSeconds }) => estimatedSeconds),
    ...kept,
    warnings: [...warningsOf(plans), ...notes],
  };
};
