import type { Delimiter } from "../../domain/datasets/dataset.ts";
import { limits } from "../../domain/limits.ts";
import { delimiterName, delimiters } from "./csv-dialect.ts";
import { csvError, quoteCell } from "./csv-error.ts";
import { cellText } from "./csv-record.ts";
import { cellPlace, type ScanContext } from "./csv-scan-record.ts";

export const isNumberName = (name: string): boolean => /^[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?$/.test(name.trim());

/** What else may be wrong with a header that has numbers: it is none. */
const orNoHeader = ({ record }: ScanContext): string => {
  const hasNumber = Array.from({ length: record.cells }, (_, i) => cellText(record, i)).some(isNumberName);
  return hasNumber ? "; if the first line is a row, upload the file with ?header=absent" : "";
};

const checkName = (context: ScanContext, i: number, name: string): void => {
  if (name.trim() === "") {
    // So pandas and R write the numbers of the rows.
    const remedy = i === 0 ? ", or leave row numbers out (pandas: index=False; R: row.names = FALSE)" : "";
    throw csvError(
      cellPlace(context, i),
      "the column has no name",
      `name every column in the header${remedy}${orNoHeader(context)}`,
    );
  }
  if (name.length > limits.nameLength) {
    throw csvError(
      cellPlace(context, i),
      `the column's name has more than ${limits.nameLength} characters`,
      "shorten it; if the file has no header line, add one",
    );
  }
};

/** What would make several columns of the one. */
const meantDelimiter = (name: string): Delimiter | undefined =>
  delimiters.find((delimiter) => name.includes(delimiter));

/** The column names in the record that was just scanned, the file's first. */
export const parseHeader = (context: ScanContext): readonly string[] => {
  const { record } = context;
  const names: string[] = [];
  const columnOf = new Map<string, number>();
  for (let i = 0; i < record.cells; i++) {
    const name = cellText(record, i);
    checkName(context, i, name);
    const first = columnOf.get(name);
    if (first !== undefined) {
      const problem = `the column name ${quoteCell(name)} was already used by column ${first + 1}`;
      throw csvError(cellPlace(context, i), problem, `give every column a name of its own${orNoHeader(context)}`);
    }
    columnOf.set(name, i);
    names.push(name);
  }
  const other = names.length === 1 ? meantDelimiter(names[0]!) : undefined;
  if (other !== undefined) {
    const decimals = other === ";" ? ", and &decimal=, if its numbers are written 1,5" : "";
    throw csvError(
      cellPlace(context, 0),
      `the header is one column, ${quoteCell(names[0]!)}`,
      `if columns are separated otherwise, upload the file with ?delimiter=${delimiterName(other)}${decimals}`,
    );
  }
  return names;
};
