import { limits } from "../../../limits.ts";
import type { ResolvedJobSpec, TaskSpec } from "../job-spec.ts";
import type { ModelSpec } from "../model-spec.ts";
import type { Schedule } from "../optimizer-spec.ts";
import type { LearningCurve, ResolvedLearningCurve } from "../parts/learning-curve-spec.ts";
import type { SpecErrors } from "../spec-errors.ts";
import type { SplitSizes } from "../split-sizes.ts";

/** A part of fewer rows says more of its luck than of its size. */
const leastRows = 10;
/** What a part has at least where the halvings are left out, and how many there are at most. */
const [enoughRows, usualHalvings] = [25, 3];

/** Rows of a stratum that stay after so many halvings: each part is a part of the one before, and no class vanishes. */
export const halved = (rows: number, halvings: number): number =>
  Math.max(Math.min(1, rows), Math.round(rows / (1 << halvings)));

export const resolveCurve = ({ halvings }: LearningCurve, trainRows: number): ResolvedLearningCurve => {
  let usual = usualHalvings;
  while (usual > 1 && halved(trainRows, usual) < enoughRows) usual -= 1;
  return { halvings: halvings ?? usual };
};

/** Whether there are rows to measure such a curve on, and enough to take parts of. */
export const checkCurve = (
  { learningCurve, crossValidation }: Pick<ResolvedJobSpec["training"], "learningCurve" | "crossValidation">,
  { task, model, sizes, base }: { task: TaskSpec; model: ModelSpec; sizes: SplitSizes; base: boolean },
  errors: SpecErrors,
): void => {
  if (learningCurve === undefined) return;
  const at = "/training/learningCurve";
  if (task.type !== "classification" && task.type !== "regression")
    errors.add(at, "a learning curve is of classifications and regressions; leave it out");
  else if (model.type === "network" || base)
    errors.add(at, "what a base has learnt is not in the rows that are counted; leave one of the two out");
  else if (crossValidation !== undefined)
    errors.add(at, "a learning curve is measured on the rows of one test split; leave one of the two out");
  else if (sizes.test === 0)
    errors.add(
      at,
      "the split sets no test rows aside to measure on; give training.split.test a share, or leave it out",
    );
  else if (halved(sizes.train, learningCurve.halvings) < leastRows)
    errors.add(
      `${at}/halvings`,
      `${sizes.train} training rows, halved ${learningCurve.halvings} times, are fewer than ${leastRows}; take fewer, or upload more rows`,
    );
};

/** A rate that falls by the epoch would fall too far if there were more of them. */
const fallsByEpoch: ReadonlySet<Schedule["type"]> = new Set(["step", "exponential", "reduce_on_plateau"]);

/**
 * How a part is trained: with as many steps as the job has (as many epochs, where the learning rate falls by the epoch), and with the same prior, whose pull fades as
 * rows grow.
 * @param rows of the part, and of all training rows
 */
export const trainingOfPart = (
  { training, optimizer }: Pick<ResolvedJobSpec, "training" | "optimizer">,
  rows: { part: number; all: number },
): ResolvedJobSpec["training"] => {
  const { batchSize, earlyStopping, epochs } = training;
  const own = batchSize === "full" ? batchSize : Math.min(batchSize, rows.part);
  const stepsOf = (count: number, batch: number | "full"): number => (batch === "full" ? 1 : Math.ceil(count / batch));
  const asItIs = training.solver === "exact" || fallsByEpoch.has(optimizer.schedule.type);
  const more = asItIs ? 1 : stepsOf(rows.all, batchSize) / stepsOf(rows.part, own);
  const scaled = (count: number): number => Math.min(limits.epochs, Math.max(1, Math.round(more * count)));
  return {
    ...training,
    ...{ batchSize: own, epochs: scaled(epochs), l2: (training.l2 * rows.all) / rows.part, refit: false },
    earlyStopping: earlyStopping && { ...earlyStopping, patience: scaled(earlyStopping.patience) },
  };
};
