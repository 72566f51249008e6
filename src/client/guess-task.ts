import type { Column } from "../domain/datasets/dataset.ts";

/**
 * What a person most likely wants from a label: a category or a number with few whole values (a digit, a grade) is
 * classified, any other number is a regression. The form shows the guess and lets the person change it.
 */
export const guessTask = (label: Column): "classification" | "regression" => {
  if (label.type !== "number") return "classification";
  const values = label.categories?.map(({ value }) => Number(value)) ?? [];
  const few = label.distinct !== null && label.distinct <= 20;
  return few && values.length > 0 && values.every((value) => Number.isInteger(value)) ? "classification" : "regression";
};

/** By custom the label is the last column. */
export const guessLabel = (columns: readonly Column[]): string => columns.at(-1)?.name ?? "";
