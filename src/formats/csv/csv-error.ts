import { ServiceError } from "../../domain/errors.ts";

/** Where in a CSV file: line of the file (a quoted cell may span several) and column of the table, both from 1. */
export interface CsvPlace {
  line: number;
  column?: number | undefined;
  /** The column's name, once the header is known. */
  name?: string | undefined;
}

const longestQuote = 60;

/** A cell's text as an error message quotes it: cut, and with control characters escaped. */
export const quoteCell = (text: string): string =>
  JSON.stringify(text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text);

/** `line 3, column 2 ("age")` */
const describePlace = ({ line, column, name }: CsvPlace): string => {
  const place = column === undefined ? `line ${line}` : `line ${line}, column ${column}`;
  return name === undefined || name === "" ? place : `${place} (${quoteCell(name)})`;
};

/**
 * The error for a file that is not a well-formed table. `errors` carries `/line/3/column/2` as its pointer.
 * @param problem what is wrong there
 * @param remedy what the user can do about it
 */
export const csvError = (place: CsvPlace, problem: string, remedy: string): ServiceError => {
  const detail = `${describePlace(place)}: ${problem}; ${remedy}`;
  const pointer = place.column === undefined ? `/line/${place.line}` : `/line/${place.line}/column/${place.column}`;
  return new ServiceError("invalid_csv", detail, { errors: [{ pointer, detail }] });
};
