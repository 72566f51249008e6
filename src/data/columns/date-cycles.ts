import type { DateCycle } from "../../domain/datasets/dataset.ts";

/** Days of the mean Gregorian year: the phase of a date is that of its day of the year to within a day or two. */
export const daysPerYear = 365.2425;
/** 1970-01-01 was a Thursday: so many days after a Monday. */
export const firstWeekday = 3;

/** In days. */
export const periodOf = (cycle: DateCycle): number => (cycle === "hour" ? 1 : cycle === "weekday" ? 7 : daysPerYear);

const fraction = (turns: number): number => turns - Math.floor(turns);

/**
 * Where in its cycle a time is, from 0 to 1, of days since 1970 in UTC: the time of day from midnight on; the day of the week, Monday 0, Tuesday 1/7, …; the time of
 * the mean Gregorian year of 365.2425 days from 1 January on.
 */
export const phaseOf = (cycle: DateCycle, days: number): number => {
  switch (cycle) {
    case "hour":
      return fraction(days);
    case "weekday":
      return fraction((Math.floor(days) + firstWeekday) / 7);
    case "year":
      return fraction(days / daysPerYear);
  }
};
