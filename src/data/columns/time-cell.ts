import type { Column, Dataset } from "../../domain/datasets/dataset.ts";
import { ServiceError } from "../../domain/errors.ts";
import { quoteCell } from "../../formats/csv/csv-error.ts";
import { type CsvRecord, cellLine, cellText } from "../../formats/csv/csv-record.ts";
import { cellNumber } from "./number-cell.ts";

const iso =
  /^(\d{4})-(\d{2})(?:-(\d{2}))?(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$/;

/** Minutes that a zone is ahead of UTC; null: no zone of this world. */
const offsetOf = (zone: string | undefined): number | null => {
  if (zone === undefined || zone === "Z" || zone === "z") return 0;
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2))];
  if (hours > 14 || minutes > 59) return null;
  return (zone.startsWith("-") ? -1 : 1) * (60 * hours + minutes);
};

/**
 * Milliseconds since 1970 of a date or a time as ISO 8601 writes them, `2026-03-29`, `2026-03`, `2026-03-29T01:30:00.5+01:00`, also with a blank for the `T`;
 * without a zone it is UTC. Null for everything else, the 30th of February among it.
 */
export const parseTime = (text: string): number | null => {
  const found = iso.exec(text.trim());
  if (found === null) return null;
  const [, year, month, day = "1", hour = "0", minute = "0", second = "0", fraction = "0", zone] = found;
  const parts = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const offset = offsetOf(zone);
  if (offset === null || parts[3] > 23 || parts[4] > 59 || parts[5] > 59) return null;
  const midnight = new Date(0);
  midnight.setUTCFullYear(parts[0], parts[1] - 1, parts[2]);
  if (midnight.getUTCMonth() !== parts[1] - 1 || midnight.getUTCDate() !== parts[2]) return null;
  const seconds = 3600 * parts[3] + 60 * (parts[4] - offset) + parts[5];
  return midnight.getTime() + 1000 * seconds + 1000 * Number(`0.${fraction}`);
};

/** When a row was: a number column's number, or the milliseconds of a time. `unprocessable` at the pointer for what is neither. */
export const createTimeReader = (
  { columns }: Pick<Dataset, "columns">,
  column: Column,
  pointer: string,
): ((record: CsvRecord) => number) => {
  const index = columns.indexOf(column);
  const refuse = (record: CsvRecord): never => {
    const detail = `line ${cellLine(record, index)} has ${quoteCell(cellText(record, index))} in ${quoteCell(column.name)}, which is no date or time; write them as ISO 8601 does (2026-03-29, 2026-03-29T01:30:00Z)`;
    throw new ServiceError("unprocessable", detail, { errors: [{ pointer, detail }] });
  };
  return column.type === "number"
    ? (record) => {
        const value = cellNumber(record, index);
        return Number.isFinite(value) ? value : refuse(record);
      }
    : (record) => parseTime(cellText(record, index)) ?? refuse(record);
};
