import type { TaskSpec } from "../job-spec.ts";

/** The column that says how much a row counts; null: each counts once. */
export const weightName = (task: TaskSpec): string | null => ("weight" in task ? (task.weight ?? null) : null);

/** Columns that say something of the row and nothing to learn from: no features. */
export const rowColumns = (task: TaskSpec): string[] => [weightName(task)].filter((name) => name !== null);
