import { chosenValidation, defaultTest, defaultValidation } from "../default-training.ts";
import type { JobSpec, ResolvedSplitSpec, TaskSpec } from "../job-spec.ts";
import type { Solver } from "../linear/solver.ts";
import type { SpecErrors } from "../spec-errors.ts";
import { totalSizes } from "../split-sizes.ts";
import { choosesThreshold } from "../threshold-checks.ts";
import { type CountedDataset, labelledRows } from "./counted-rows.ts";
import { splitSizes } from "./sizes-of-splits.ts";
import { statedSizes } from "./split-column.ts";

/** Who asks for early stopping, for a threshold that is chosen, or for curves that calibrate, asks for rows to measure it on; what is solved needs none to stop by. */
const ownValidation = ({ task, training }: JobSpec, rows: number, solver: Solver | undefined): number => {
  if (choosesThreshold(task)) return chosenValidation;
  if (training.calibration === "isotonic" && solver !== "exact") return chosenValidation;
  return training.earlyStopping ? 0.1 : solver === "exact" ? 0 : defaultValidation(rows);
};

/** The shares that the column makes; a share that it does not give to validation may be drawn from the training rows. */
const sharesOfColumn = (
  spec: JobSpec,
  dataset: CountedDataset,
  solver: Solver | undefined,
  errors: SpecErrors,
): { validation: number; test: number } => {
  const { split } = spec.training;
  const sizes = statedSizes(split, dataset);
  const rows = sizes.train + sizes.validation + sizes.test;
  const [test, stated] = [sizes.test / rows, sizes.validation / rows];
  const says = (share: string): string =>
    `the column ${JSON.stringify(split.column)} says which rows ${share === "test" ? "are tested on; leave the share out" : "validate; leave the share out, or set it to 0 to train on them"}`;
  if (split.test !== undefined && split.test !== test) errors.add("/training/split/test", says("test"));
  if (stated === 0) return { test, validation: split.validation ?? ownValidation(spec, rows, solver) };
  // The final job of a study trains on the rows that its trials were compared on.
  if (split.validation === 0) return { test, validation: 0 };
  if (split.validation !== undefined && split.validation !== stated)
    errors.add("/training/split/validation", says("validation"));
  return { test, validation: stated };
};

export const resolveSplit = (
  spec: JobSpec,
  dataset: CountedDataset,
  solver: Solver | undefined,
  errors: SpecErrors,
): ResolvedSplitSpec => {
  const { validation: givenValidation, test: givenTest, ...split } = spec.training.split;
  const rows = labelledRows(spec.task, dataset);
  const { validation, test } =
    split.column === undefined
      ? {
          test: givenTest ?? (spec.training.crossValidation ? 0 : defaultTest),
          validation: givenValidation ?? ownValidation(spec, rows, solver),
        }
      : sharesOfColumn(spec, dataset, solver, errors);
  if (validation + test >= 1) {
    const detail = `validation ${validation} and test ${test} leave nothing to train on; their sum must be below 1`;
    errors.add("/training/split", detail);
  }
  return { validation, test, ...split };
};

const tooFew = (split: ResolvedSplitSpec): string => {
  if (split.by !== undefined) return `name a column of smaller groups than ${JSON.stringify(split.by)}`;
  return split.time === undefined ? "upload more rows" : `name a finer column than ${JSON.stringify(split.time)}`;
};

/** Rows of the training split; an error when a split that is wanted gets none, or training has nothing to vary over. */
export const countTrainRows = (
  task: TaskSpec,
  split: ResolvedSplitSpec,
  dataset: CountedDataset,
  errors: SpecErrors,
): number => {
  const sizes = totalSizes(splitSizes(task, split, dataset));
  const short =
    sizes.train < 2 || (split.test > 0 && sizes.test === 0) || (split.validation > 0 && sizes.validation === 0);
  if (short) {
    const rows = labelledRows(task, dataset);
    const detail = `${rows} ${rows === 1 ? "row is" : "rows are"} too few for this split (${sizes.train} to train, ${sizes.validation} to validate, ${sizes.test} to test); ${tooFew(split)}, or set a share to 0`;
    errors.add("/training/split", detail);
  }
  return Math.max(1, sizes.train);
};
