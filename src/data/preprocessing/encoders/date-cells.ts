import type { Cell, DateOrder } from "../../../domain/datasets/dataset.ts";
import type { FeatureTransform } from "../../../domain/models/model.ts";
import {
  ambiguousDate,
  daysOf,
  instantOfDigits,
  instantOfNumber,
  parseInstantOrMonth,
  textOfDays,
} from "../../columns/instant.ts";
import { isMissingWord, withoutBlanks } from "../../columns/number-cell.ts";
import { createFeatureEncoder } from "../feature-encoder.ts";
import { isWithin, widened } from "../number-range.ts";
import type { Warnings } from "../predict-warnings.ts";
import { type CellWriter, describeCell, warnMissing } from "./cell-writer.ts";

type DatetimeTransform = Extract<FeatureTransform, { type: "datetime" }>;

/** Days since 1970; NaN: missing; null: no date. */
const daysOfCell = (value: Cell | undefined, order: DateOrder | null): number | null => {
  if (value === undefined || value === null) return Number.NaN;
  if (typeof value === "boolean") return null;
  if (typeof value === "string" && (withoutBlanks(value) === "" || isMissingWord(value))) return Number.NaN;
  const instant =
    typeof value === "number" ? instantOfNumber(value) : (parseInstantOrMonth(value, order) ?? instantOfDigits(value));
  return instant && daysOf(instant);
};

const whyNot = (value: Cell, order: DateOrder | null): string => {
  if (typeof value !== "string" || !ambiguousDate.test(value.trim())) return "";
  if (order === null) return ", whose day and month could be mistaken for each other";
  return `, which is none with the ${order === "day_first" ? "day" : "month"} first, as the training data have it`;
};

/** Cells of a column of dates: texts as they stand in a file, or numbers that count from 1970 on. */
export const createDateCells = (transform: DatetimeTransform, warnings: Warnings): CellWriter => {
  const { column, range, clip, unlearnt, dates: order = null } = transform;
  const encoder = createFeatureEncoder(transform);
  const usual = range && widened(range);
  const warnRange = (days: number, row: number): void =>
    warnings.add(row, column, "out_of_range", () => {
      const place = `${textOfDays(days)} is beyond the dates of training, ${textOfDays(range!.minimum)} to ${textOfDays(range!.maximum)}`;
      if (clip === undefined) return `${place}; what is said of it is extrapolated`;
      return `${place}; the elapsed time counts as that of ${textOfDays(days < clip.minimum ? clip.minimum : clip.maximum)}`;
    });
  return {
    column,
    width: encoder.width,
    write: (value, row, out, at) => {
      const days = daysOfCell(value, order);
      if (days === null)
        return `must be a date or a time (2026-03-29, 2026-03-29T01:30:00Z, 2026/03/29, 29.03.2026, 29 Mar 2026), seconds since 1970, or null if it is missing; got ${describeCell(value!)}${whyNot(value!, order)}`;
      if (Number.isNaN(days)) warnMissing(transform, value, row, warnings);
      else if (unlearnt)
        warnings.add(row, column, "out_of_range", () => `no training row has a date; it counts as missing`);
      else if (usual !== undefined && !isWithin(days, usual)) warnRange(days, row);
      encoder.write(out, at, days);
      return null;
    },
  };
};
