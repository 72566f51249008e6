import { limits } from "../../../limits.ts";
import type { Model } from "../../../models/model.ts";
import { createNearNames } from "../../../near-names.ts";
import type { JobSpec, ResolvedSplitSpec, TaskSpec } from "../job-spec.ts";
import type { ModelSpec } from "../model-spec.ts";
import type { CountedDataset } from "../rows/counted-rows.ts";
import { splitSizes } from "../rows/sizes-of-splits.ts";
import { groupCounts, groupSplits } from "../rows/split-groups.ts";
import type { SpecErrors } from "../spec-errors.ts";
import { totalSizes } from "../split-sizes.ts";
import { findColumn, labelName } from "../task-columns.ts";
import type { CrossValidation } from "./cross-validation-spec.ts";

const at = "/training/crossValidation";

export const seenByBase =
  "the base model, or one that it started from, was trained on this data set, or on a copy of it, so it has seen rows of every fold; train without a base, or start from a model of other data";

/** Groups that the folds divide: those that the split does not set aside. */
const groupsOfFolds = (by: string, split: ResolvedSplitSpec, dataset: CountedDataset): number | null => {
  if (split.by === by) return groupSplits(split, dataset).codes.filter((code) => code !== 2).length;
  return groupCounts(by, dataset)?.length ?? null;
};

const faultOfGroups = (
  { by, folds }: { by: string; folds: number },
  task: TaskSpec,
  split: ResolvedSplitSpec,
  dataset: CountedDataset,
): string | null => {
  const name = JSON.stringify(by);
  const column = findColumn(dataset, by);
  if (column === undefined)
    return `the data set has no column ${name}${createNearNames(dataset.columns.map((each) => each.name))(by)}`;
  if (by === labelName(task)) return `${name} is the label: rows of a class would all be in one fold`;
  if (column.missing > 0)
    return `${column.missing} rows have no ${name}, and it is not known with which they belong; upload the data with it`;
  const groups = groupsOfFolds(by, split, dataset);
  if (groups === null)
    return `${name} has too many different values for the folds to be known beforehand (at most ${limits.groups} a column); name a coarser column`;
  if (task.features?.length === 0) return "the data set has no other column to learn from; upload one with features";
  if (groups >= folds) return null;
  const left = split.by === by && split.test > 0 ? " besides those of the test split" : "";
  return `${name} has ${groups} values${left}, too few for ${folds} folds; take fewer`;
};

const checkGroups = (
  { by, folds }: CrossValidation,
  task: TaskSpec,
  split: ResolvedSplitSpec,
  dataset: CountedDataset,
  errors: SpecErrors,
): void => {
  if (by === undefined) return;
  const fault = faultOfGroups({ by, folds }, task, split, dataset);
  if (fault !== null) errors.add(`${at}/by`, fault);
};

/** An ensemble of the folds' models answers by their mean, and no row is left that all of them have not seen. */
const checkEnsemble = ({ model }: CrossValidation, task: TaskSpec, testRows: number, errors: SpecErrors): void => {
  if (model !== "folds") return;
  if (task.type === "reconstruction")
    errors.add(`${at}/model`, 'reconstructions have no mean in the words of the data set; take "all_rows"');
  if (testRows > 0)
    errors.add(
      `${at}/model`,
      `the ensemble of the folds' models is measured by its folds alone, and ${testRows} test rows would be wasted; leave the test split out, or take "all_rows"`,
    );
};

/** A cross-validation has sense for the model, and the data have rows for it. */
export const checkCrossValidation = (
  spec: JobSpec,
  { task, model, split, base }: { task: TaskSpec; model: ModelSpec; split: ResolvedSplitSpec; base: Model | null },
  dataset: CountedDataset,
  errors: SpecErrors,
): void => {
  const { crossValidation } = spec.training;
  if (crossValidation === undefined) return;
  const { folds, repeats } = crossValidation;
  if (model.type === "k_means" || model.type === "gaussian_mixture")
    errors.add(at, "clusters and mixtures predict no held-out label; leave it out");
  if (folds * repeats > limits.fits)
    errors.add(
      `${at}/repeats`,
      `${folds} folds in ${repeats} repeats are ${folds * repeats} models; at most ${limits.fits} are fitted: take fewer`,
    );
  if (base !== null && base.dataset === dataset.id) errors.add(at, seenByBase);
  checkGroups(crossValidation, task, split, dataset, errors);
  const { train, validation, test } = totalSizes(splitSizes(task, split, dataset));
  checkEnsemble(crossValidation, task, test, errors);
  const rows = train + validation;
  if (rows - Math.ceil(rows / folds) < 2 || rows < folds)
    errors.add(`${at}/folds`, `${rows} rows are too few for ${folds} folds; take fewer, or upload more rows`);
};
