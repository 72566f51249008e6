import type { TaskSpec } from "../job-spec.ts";

/** The column that says how much a row counts; null: each counts once. */
export const weightName = (task: TaskSpec): string | null => ("weight" in task ? (task.weight ?? null) : null);

/** Where the logarithm of a count's exposure comes from. */
export interface Offset {
  readonly column: string;
  readonly key: "exposure" | "offset";
}

/** The column that is added to the logarithm of the rate, as it is or as its logarithm; null: there is none. */
export const offsetOf = (task: TaskSpec): Offset | null => {
  if (task.type !== "regression") return null;
  if (task.exposure !== undefined) return { column: task.exposure, key: "exposure" };
  return task.offset === undefined ? null : { column: task.offset, key: "offset" };
};

/** Columns that say something of the row and nothing to learn from: no features. */
export const rowColumns = (task: TaskSpec): string[] =>
  [weightName(task), offsetOf(task)?.column ?? null].filter((name) => name !== null);
