import type { DataShape } from "../../../src/data/preprocessing/data-shape.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { TrainingRun } from "../training-run.ts";

/** Makes room for where the rows lie that the report is about, for their labels as the file has them, and for their groups where rows belong together. */
export const noteHeldOut = ({ arrays }: TrainingRun, { training }: ResolvedJobSpec, shape: DataShape): void => {
  const [split, rows] =
    shape.testRows > 0 ? (["test", shape.testRows] as const) : (["validation", shape.validationRows] as const);
  arrays[split].places = new Int32Array(rows);
  arrays[split].truths = new Float64Array(rows);
  if (training.split.by !== undefined) arrays[split].groups = new Int32Array(rows);
};
