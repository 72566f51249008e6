import type { DataShape } from "../../../src/data/preprocessing/data-shape.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { TrainingRun } from "../training-run.ts";

/** Makes room for the groups of the rows that the report is about, where rows belong together. */
export const noteHeldOut = ({ arrays }: TrainingRun, { training }: ResolvedJobSpec, shape: DataShape): void => {
  if (training.split.by === undefined) return;
  if (shape.testRows > 0) arrays.test.groups = new Int32Array(shape.testRows);
  else if (shape.validationRows > 0) arrays.validation.groups = new Int32Array(shape.validationRows);
};
