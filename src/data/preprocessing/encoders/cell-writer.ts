import type { Cell } from "../../../domain/datasets/dataset.ts";
import type { FeatureTransform } from "../../../domain/models/model.ts";
import { quoteCell } from "../../../formats/csv/csv-error.ts";
import { textOfDays } from "../../columns/instant.ts";
import type { Warnings } from "../predict-warnings.ts";
import { middleOf } from "./number-scale.ts";

/** Writes one cell of a row to predict; returns what is wrong with it, if anything. Undefined: the row does not have it. */
export interface CellWriter {
  column: string;
  width: number;
  write(value: Cell | undefined, row: number, out: Float32Array, at: number): string | null;
}

export const describeCell = (value: Cell): string => (typeof value === "string" ? quoteCell(value) : String(value));

/** A number that was computed and stands in no row: its last digits would say nothing. */
export const rounded = (value: number): number => Number(value.toPrecision(6));

const countsAs = (transform: FeatureTransform): string => {
  switch (transform.type) {
    case "number":
      return `the ${middleOf(transform).name}, ${rounded(middleOf(transform).value)}`;
    case "datetime":
      return `the mean, ${textOfDays(Math.round(transform.mean))}`;
    case "text":
      return "a text without words";
    case "category":
      return transform.reference === undefined
        ? "none of the categories"
        : `the reference level, ${quoteCell(transform.reference)}`;
    default:
      return "none of the categories";
  }
};

export const warnMissing = (
  transform: FeatureTransform,
  value: Cell | undefined,
  row: number,
  warnings: Warnings,
): void => {
  // Null is what training knows, if some of its cells were missing; a key that is not there may be a slip.
  if (value !== undefined && transform.missingIndicator) return;
  const what = value === undefined ? "is not in the row" : "was never missing in training";
  warnings.add(
    row,
    transform.column,
    "missing_feature",
    () =>
      `${quoteCell(transform.column)} ${what}; it counts as ${countsAs(transform)}${transform.missingIndicator ? ", and as missing" : ""}`,
  );
};
