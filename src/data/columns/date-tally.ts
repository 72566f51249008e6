import type { ColumnNote, DateCycle, DateOrder, DateRange } from "../../domain/datasets/dataset.ts";
import { csvError, quoteCell } from "../../formats/csv/csv-error.ts";
import { type CsvRecord, cellLine, cellText } from "../../formats/csv/csv-record.ts";
import { mostly } from "./code-cells.ts";
import { periodOf, phaseOf } from "./date-cycles.ts";
import { ambiguousDate, daysOf, eitherOrder, orderRemedy, parseInstant, textOfDays } from "./instant.ts";
import { cellNumber, isEmptyCell, notANumber } from "./number-cell.ts";
import { cellDays } from "./time-cell.ts";

const cycles: readonly DateCycle[] = ["hour", "weekday", "year"];

/** What one pass gathers about a column that may be one of dates and times: until a cell is none, or whatever comes if the user says so. */
export interface DateTally {
  /** Every present cell so far is a date. */
  only: boolean;
  /** Present cells that were none, and the first of them; they are counted while a column may be one of dates for the most part. */
  others: number;
  firstOther: { line: number; text: string } | null;
  /** Every present cell so far is one of which day and month may be mistaken. */
  ambiguous: boolean;
  /** Orders of day and month in which each of those is a date, and the largest of their first and of their second numbers. */
  orders: readonly DateOrder[];
  largest: readonly [first: number, second: number];
  count: number;
  /** NA, NaN, null. */
  missingWords: number;
  earliest: number;
  latest: number;
  /** Phases of the first cell, and whether another differs. */
  first: Partial<Record<DateCycle, number>> | null;
  varies: readonly DateCycle[];
}

/** After so many cells that are none, and fewer dates, a column is not looked at further. */
const fewOthers = 100;

/** Whether the next cell may still tell something of dates. */
export const mayHaveDates = ({ only, count, others }: DateTally): boolean =>
  only || (others > 0 && (others < fewOthers || count >= others));

const noCycles: readonly DateCycle[] = [];
const bothOrders: readonly DateOrder[] = ["day_first", "month_first"];
const noneYet: DateTally["largest"] = [0, 0];

/** Made for each column of the widest table in one go: nothing but numbers until a date has been read. */
export const createDateTally = (only: boolean): DateTally => ({
  only,
  others: 0,
  firstOther: null,
  ambiguous: true,
  orders: bothOrders,
  largest: noneYet,
  count: 0,
  missingWords: 0,
  earliest: Number.POSITIVE_INFINITY,
  latest: Number.NEGATIVE_INFINITY,
  first: null,
  varies: noCycles,
});

/** Cell i: false if it is there and no date. `stated`: numbers that count from 1970 on are dates too. */
export const addDate = (tally: DateTally, record: CsvRecord, i: number, stated: boolean): boolean => {
  if (isEmptyCell(record, i)) return true;
  if (Number.isNaN(cellNumber(record, i))) {
    tally.missingWords += 1;
    return true;
  }
  const instant = stated ? null : parseInstant(cellText(record, i), record.dates);
  const days = stated ? cellDays(record, i) : instant === null ? notANumber : daysOf(instant);
  if (!Number.isFinite(days)) {
    tally.only = false;
    tally.others += 1;
    tally.firstOther ??= { line: record.line, text: cellText(record, i) };
    return false;
  }
  tally.count += 1;
  tally.earliest = Math.min(tally.earliest, days);
  tally.latest = Math.max(tally.latest, days);
  tally.first ??= {};
  for (const cycle of cycles) {
    if (tally.varies.includes(cycle)) continue;
    const phase = phaseOf(cycle, days);
    tally.first[cycle] ??= phase;
    if (tally.first[cycle] !== phase) tally.varies = [...tally.varies, cycle];
  }
  return true;
};

/** The error of a cell in a column that is stated to be one of dates. */
export const noDate = ({ index, name }: { index: number; name: string }, record: CsvRecord) => {
  const text = cellText(record, index);
  return csvError(
    { line: cellLine(record, index), column: index + 1, name },
    `${quoteCell(text)} is no date or time that can be read, and the column is stated to be one of them`,
    `${orderRemedy(text, record.dates)}write it as ISO 8601 does (2026-03-29, 2026-03-29T01:30:00Z) or as a number of seconds since 1970, leave it empty if it is missing, or state the type "category"`,
  );
};

/** Cell i is a text: is it a date of which day and month may be mistaken, and in which order? */
export const addOrder = (tally: DateTally, record: CsvRecord, i: number): void => {
  // As long as all cells are dates in the stated order, and in it alone, there is nothing to find out.
  if ((tally.only && tally.orders.length === 1) || Number.isNaN(cellNumber(record, i))) return;
  const text = cellText(record, i).trim();
  tally.ambiguous = ambiguousDate.test(text);
  if (!tally.ambiguous) return;
  const [first, second] = text.split(/[/-]/, 2).map(Number);
  tally.largest = [Math.max(tally.largest[0], first!), Math.max(tally.largest[1], second!)];
  tally.orders = tally.orders.filter((order) => parseInstant(text, order) !== null);
};

/** A cycle that the column runs through once at most tells nothing that the elapsed time does not. */
export const dateRangeOf = ({ earliest, latest, varies }: DateTally): DateRange => ({
  earliest: textOfDays(earliest),
  latest: textOfDays(latest),
  cycles: cycles.filter((cycle) => varies.includes(cycle) && latest - earliest > periodOf(cycle)),
});

/** Nothing, where all cells are dates if day and month stand in some order. */
export const mostlyDates = ({ count, firstOther, ambiguous, orders }: DateTally, present: number): ColumnNote[] =>
  ambiguous && orders.length > 0 ? [] : mostly("dates", count, firstOther, present);

export const datesFound = ({ earliest, latest, cycles }: DateRange): ColumnNote => {
  const beside = cycles.length === 0 ? "" : `, and the cycles ${cycles.map((cycle) => `"${cycle}"`).join(", ")}`;
  const message = `all cells are dates or times, from ${earliest} to ${latest}; features are the elapsed days${beside}; state the type "category" if they are names`;
  return { code: "datetimes_found", message };
};

const orderFound = ({ orders, largest }: DateTally): string => {
  const [order, other] = orders;
  if (order === undefined) return "write them as ISO 8601 does (2026-03-29)";
  if (other !== undefined) return `${eitherOrder}, as they fit both, or write them as ISO 8601 does (2026-03-29)`;
  const [place, most] = order === "day_first" ? ["first", largest[0]] : ["second", largest[1]];
  return `the ${place} number goes up to ${most}: upload the file again with ?dates=${order}`;
};

/** Nothing is guessed: the note says which order all cells fit, where it is one alone. Of cells that fit no order, where one is stated, it has nothing to say. */
export const ambiguousDates = (tally: DateTally, stated: DateOrder | undefined): ColumnNote[] => {
  if (!tally.ambiguous || (stated !== undefined && tally.orders.length === 0)) return [];
  const what =
    stated === undefined
      ? "dates of which it is not said what is the day and what the month"
      : `dates that are not all some in the stated order, ${stated},`;
  return [{ code: "ambiguous_dates", message: `${what} are read as categories; ${orderFound(tally)}` }];
};
