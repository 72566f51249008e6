import type { DateOrder } from "../../domain/datasets/dataset.ts";

/** A point in time to the nanosecond: whole seconds since 1970-01-01T00:00Z, and nanoseconds after them. */
export interface Instant {
  readonly seconds: number;
  readonly nanos: number;
}

const clock = String.raw`(?:[Tt ,]\s?(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?\s?(?<zone>Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?`;
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const fullNames = "january february march april may june july august september october november december".split(" ");

/** ISO 8601 in its long and, with a time, its short form; the year first; a month by name; the day first between points. */
const forms: readonly RegExp[] = [
  String.raw`(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})${clock}`,
  String.raw`(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})[Tt](?<hour>\d{2})(?<minute>\d{2})(?:(?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?(?<zone>Z|z|[+-]\d{2}(?::?\d{2})?)?`,
  String.raw`(?<year>\d{4})/(?<month>\d{1,2})/(?<day>\d{1,2})${clock}`,
  String.raw`(?:[A-Za-z]{3,9}, )?(?<day>\d{1,2})[ -](?<name>[A-Za-z]{3,9})\.?[ -](?<year>\d{4})${clock}`,
  String.raw`(?<name>[A-Za-z]{3,9})\.? (?<day>\d{1,2}), (?<year>\d{4})${clock}`,
  String.raw`(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4})${clock}`,
].map((form) => new RegExp(`^${form}$`));

const yearAndMonth = /^(?<year>\d{4})-(?<month>\d{2})$/;

/** What could be the 3rd of April or the 4th of March. */
export const ambiguousDate = /^\d{1,2}[/-]\d{1,2}[/-]\d{2,4}(?: \d{1,2}:\d{2}.*)?$/;

export const eitherOrder = "upload the file again with ?dates=day_first or ?dates=month_first";

/** What comes before other remedies for a cell that is no date: it may be one in some order, and none is stated; else nothing. */
export const orderRemedy = (text: string, order: DateOrder | null): string =>
  order === null && ambiguousDate.test(text.trim()) ? `${eitherOrder}, or ` : "";

/** Two numbers of which one is the day and one the month, and the year. */
const twoNumbers = /^(\d{1,2})([/-])(\d{1,2})\2(\d{4})(?!\d)/;

/** A date whose day and month the order tells apart, as ISO 8601 writes it, with its time of day as it stands; any other text as it is. */
export const toIsoOrder = (text: string, order: DateOrder | null): string =>
  order === null
    ? text
    : text.trim().replace(twoNumbers, (_, first: string, __, second: string, year: string) => {
        const [day, month] = order === "day_first" ? [first, second] : [second, first];
        return `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
      });

/** Minutes that a zone is ahead of UTC; null: no zone of this world. */
const offsetOf = (zone: string | undefined): number | null => {
  if (zone === undefined || !/^[+-]/.test(zone)) return 0;
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2))];
  if (hours > 14 || minutes > 59) return null;
  return (zone.startsWith("-") ? -1 : 1) * (60 * hours + minutes);
};

const monthOf = ({ month, name }: { month?: string; name?: string }): number => {
  if (name === undefined) return Number(month);
  const word = name.toLowerCase();
  const at = fullNames.indexOf(word) + 1;
  return at > 0 ? at : word === "sept" ? 9 : months.indexOf(word) + 1;
};

const read = (groups: Record<string, string | undefined>): Instant | null => {
  const { year, day = "1", hour = "0", minute = "0", second = "0", fraction = "", zone } = groups;
  const [y, m, d] = [Number(year), monthOf(groups), Number(day)];
  const [h, min, s] = [Number(hour), Number(minute), Number(second)];
  const offset = offsetOf(zone);
  if (offset === null || h > 23 || min > 59 || s > 59) return null;
  const midnight = new Date(0);
  midnight.setUTCFullYear(y, m - 1, d);
  if (midnight.getUTCMonth() !== m - 1 || midnight.getUTCDate() !== d) return null;
  return {
    seconds: midnight.getTime() / 1000 + 3600 * h + 60 * (min - offset) + s,
    nanos: Number(fraction.padEnd(9, "0")),
  };
};

/**
 * A date, with or without a time of day: `2026-03-29`, `2026-03-29T01:30:00.5+01:00` (ISO 8601, also with a blank for the `T`), `20260329T013000Z`, `2026/03/29`,
 * `29 Mar 2026`, `29-Mar-2026`, `March 29, 2026`, `Sun, 29 Mar 2026 01:30:00 GMT`, `29.03.2026`. Without a zone it is UTC. Null for everything else, the 30th of
 * February among it, and where days and months may be mistaken for each other (`03/04/2026`), unless `order` says
 * which is which.
 */
export const parseInstant = (text: string, order: DateOrder | null = null): Instant | null => {
  const cell = toIsoOrder(text, order).trim();
  // Nothing shorter is a date, and longer texts are not looked at.
  if (cell.length < 8 || cell.length > 45) return null;
  for (const form of forms) {
    const groups = form.exec(cell)?.groups;
    if (groups !== undefined) return read(groups);
  }
  return null;
};

/** Also a month, `2026-03`: where the column is known to hold times. */
export const parseInstantOrMonth = (text: string, order: DateOrder | null = null): Instant | null => {
  const groups = yearAndMonth.exec(text.trim())?.groups;
  return groups === undefined ? parseInstant(text, order) : read(groups);
};

const wholeNumber = /^[+-]?\d+$/;
/** Up to so many a number that counts from 1970 on is of seconds (the year 5138), then of milliseconds, microseconds, nanoseconds. */
const mostSeconds = 1e11;

/** How many of the units that a number's size tells make a second. */
const unitsPerSecond = (size: number): number => [1, 1e3, 1e6].find((units) => size < mostSeconds * units) ?? 1e9;

/** A number that counts from 1970 on, in the unit that its size tells: below 10¹¹ seconds, below 10¹⁴ milliseconds, below 10¹⁷ microseconds, else nanoseconds. */
export const instantOfNumber = (value: number): Instant | null => {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size >= mostSeconds * 1e9) return null;
  const units = unitsPerSecond(size);
  const seconds = Math.floor(value / units);
  return { seconds, nanos: Math.min(999_999_999, Math.round((value - seconds * units) * (1e9 / units))) };
};

/** The same of a text, with all digits of a whole number. */
export const instantOfDigits = (text: string): Instant | null => {
  const cell = text.trim();
  if (!wholeNumber.test(cell) || cell.length > 20) return cell === "" ? null : instantOfNumber(Number(cell));
  const value = BigInt(cell);
  const units = BigInt(unitsPerSecond(Math.abs(Number(cell))));
  const rest = ((value % units) + units) % units;
  return { seconds: Number((value - rest) / units), nanos: Number((rest * 1_000_000_000n) / units) };
};

const secondsPerDay = 86_400;

/** Days since 1970-01-01T00:00Z. */
export const daysOf = ({ seconds, nanos }: Instant): number => (seconds + nanos / 1e9) / secondsPerDay;

/** `2026-03-29`, or with the time of day where it is not midnight. */
export const textOfDays = (days: number): string => {
  const time = new Date(Math.round(days * secondsPerDay * 1000));
  if (Number.isNaN(time.getTime())) return `${days} days after 1970-01-01`;
  const text = time.toISOString();
  return text.endsWith("T00:00:00.000Z") ? text.slice(0, -14) : text.replace(".000Z", "Z");
};
