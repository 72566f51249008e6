import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { Split } from "../../../src/data/splits/split.ts";
import { ServiceError } from "../../../src/domain/errors.ts";
import type { ResolvedJobSpec, TaskSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { offsetOf, weightName } from "../../../src/domain/jobs/spec/rows/row-columns.ts";
import { splits } from "../../../src/engine/train/planning/training.ts";

/** Room for the rows' weights and offsets, where the task names them. */
export const addWeights = (arrays: PreparedArrays, task: TaskSpec): void => {
  const [weighted, offset] = [weightName(task) !== null, offsetOf(task) !== null];
  if (!weighted && !offset) return;
  for (const split of splits) {
    const rows = arrays[split].labels?.length ?? 0;
    arrays[split] = {
      ...arrays[split],
      ...(weighted ? { weights: new Float64Array(rows) } : {}),
      ...(offset ? { offsets: new Float64Array(rows) } : {}),
    };
  }
};

export const sumOfWeights = (weights: Float64Array): number => {
  let sum = 0;
  for (const weight of weights) sum += weight;
  return sum;
};

/** The rows of a split of one fit, and how they would be others. */
const rowsOf = (split: Split, { heldOut, part }: ResolvedJobSpec["training"]): { whose: string; remedy: string } => {
  if (part !== undefined && split === "train")
    return { whose: "part of the training rows", remedy: "take fewer halvings" };
  if (heldOut === undefined) return { whose: `${split} split`, remedy: "split them otherwise" };
  const fold = `fold ${heldOut.fold + 1}${heldOut.repeat === 0 ? "" : ` of repeat ${heldOut.repeat + 1}`}`;
  const whose =
    split === "test"
      ? `${fold} of the cross-validation`
      : `rows that ${split === "train" ? "train" : "validate"} beside ${fold}`;
  return { whose, remedy: "take fewer folds, or larger groups" };
};

/** A split of which no row counts can neither teach nor judge. `unprocessable` at the column. */
export const requireCountedRows = (
  arrays: PreparedArrays,
  { task, training }: Pick<ResolvedJobSpec, "task" | "training">,
): void => {
  for (const split of splits) {
    const { weights } = arrays[split];
    if (weights === undefined || weights.length === 0 || sumOfWeights(weights) > 0) continue;
    const { whose, remedy } = rowsOf(split, training);
    const detail = `each of the ${weights.length} rows of the ${whose} has the weight 0 in ${JSON.stringify(weightName(task))}, so that none counts; give rows a weight, or ${remedy}`;
    throw new ServiceError("unprocessable", detail, { errors: [{ pointer: "/task/weight", detail }] });
  }
};

/** As the losses take them: of mean 1, so that they leave the scale of the loss, and with it the learning rate and the penalty, alone. */
export const putWeights = (weights: Float64Array | undefined, out: Float32Array | null): void => {
  if (weights === undefined || out === null) return;
  const factor = weights.length / sumOfWeights(weights);
  for (let row = 0; row < weights.length; row++) out[row] = factor * weights[row]!;
};
