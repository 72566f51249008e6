import type { Column, Dataset, DateOrder } from "../../domain/datasets/dataset.ts";
import { ServiceError } from "../../domain/errors.ts";
import type { TimeKey } from "../../domain/jobs/spec/rows/counted-rows.ts";
import { quoteCell } from "../../formats/csv/csv-error.ts";
import { type CsvRecord, cellLine, cellText } from "../../formats/csv/csv-record.ts";
import { daysOf, instantOfDigits, orderRemedy, parseInstantOrMonth, toIsoOrder } from "./instant.ts";
import { cellNumber, isEmptyCell, missingNumber, notANumber } from "./number-cell.ts";

/** Cell i in days since 1970, as a column of dates and times reads it: a date, or a number that counts from 1970 on; NaN where it is missing, `notANumber` for what is neither. */
export const cellDays = (record: CsvRecord, i: number): number => {
  if (isEmptyCell(record, i) || Number.isNaN(cellNumber(record, i))) return missingNumber;
  const text = cellText(record, i);
  const instant = parseInstantOrMonth(text, record.dates) ?? instantOfDigits(text);
  return instant === null ? notANumber : daysOf(instant);
};

/** Cell i of a column of dates and times as any model reads it, whatever order of days and months its own file has; null where it is missing. */
export const cellDate = (record: CsvRecord, i: number): string | null =>
  Number.isNaN(cellDays(record, i)) ? null : toIsoOrder(cellText(record, i), record.dates);

const nanosPerSecond = 1_000_000_000n;
const digits = /^[+-]?\d+$/;

/** To be compared with others of its column, exactly: a whole number of any size as it is, a date in nanoseconds. */
const keyOf = (text: string, order: DateOrder | null): { key: bigint; counts: boolean } | null => {
  if (digits.test(text)) return { key: BigInt(text), counts: true };
  const instant = parseInstantOrMonth(text, order);
  return instant && { key: BigInt(instant.seconds) * nanosPerSecond + BigInt(instant.nanos), counts: false };
};

/**
 * When a row was, to be compared with other rows of the column and no more: a number column's number; else the nanoseconds of a date, or a whole number of any
 * size, such as one of nanoseconds, if all are. `unprocessable` at the pointer for what is neither.
 */
export const createTimeReader = (
  { columns }: Pick<Dataset, "columns">,
  column: Column,
  pointer: string,
): ((record: CsvRecord) => TimeKey) => {
  const index = columns.indexOf(column);
  const refuse = (record: CsvRecord, what = "no date or time"): never => {
    const text = cellText(record, index);
    const detail = `line ${cellLine(record, index)} has ${quoteCell(text)} in ${quoteCell(column.name)}, which is ${what}; ${orderRemedy(text, record.dates)}write them as ISO 8601 does (2026-03-29, 2026-03-29T01:30:00Z)`;
    throw new ServiceError("unprocessable", `${pointer}: ${detail}`, { errors: [{ pointer, detail }] });
  };
  if (column.type === "number")
    return (record) => {
      const value = cellNumber(record, index);
      return Number.isFinite(value) ? value : refuse(record);
    };
  let counting: boolean | null = null;
  return (record) => {
    const found = keyOf(cellText(record, index).trim(), record.dates);
    if (found === null) return refuse(record);
    if (counting !== null && found.counts !== counting)
      return refuse(record, counting ? "no whole number as those before it" : "no date as those before it");
    counting = found.counts;
    return found.key;
  };
};
