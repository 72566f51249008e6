import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { chooseThreshold } from "../../../src/stats/explaining/choose-threshold.ts";

/** What the model says of the validation rows, and their classes. */
export interface Validated {
  readonly outputs: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
  /** How much each row counts; left out: once. */
  readonly weights?: ArrayLike<number> | undefined;
}

/** The threshold that the task states; null: none, or one that is chosen by validation rows, which the models of folds do not have together. */
export const statedThreshold = ({ task }: Pick<ResolvedJobSpec, "task">): number | null =>
  task.type === "classification" && typeof task.threshold === "number" ? task.threshold : null;

/**
 * The probability from which on the second of two classes is the answer: as the task states, or as it is best on the validation rows. Null: none is asked for, or
 * those rows are of one class, and the likelier class is the answer.
 */
export const thresholdOf = (
  { task, loss }: Pick<ResolvedJobSpec, "task" | "loss">,
  validate: () => Validated,
): number | null => {
  if (task.type !== "classification" || task.threshold === undefined) return null;
  if (typeof task.threshold === "number") return task.threshold;
  const { outputs, labels, weights } = validate();
  const width = loss.type === "binary_cross_entropy" ? 1 : 2;
  const probabilities = Float64Array.from(
    { length: outputs.length / width },
    (_, i) => outputs[i * width + width - 1]!,
  );
  const weightOf = weights && ((row: number): number => weights[row]!);
  return chooseThreshold(task.threshold, probabilities, (row) => labels[row] === 1, weightOf);
};
