import { limits } from "../../domain/limits.ts";
import { csvError, quoteCell } from "./csv-error.ts";
import { cellText } from "./csv-record.ts";
import { cellPlace, type ScanContext } from "./csv-scan-record.ts";

const checkName = (context: ScanContext, i: number, name: string): void => {
  if (name.trim() === "") {
    throw csvError(cellPlace(context, i), "the column has no name", "name every column in the header");
  }
  if (name.length > limits.nameLength) {
    throw csvError(
      cellPlace(context, i),
      `the column's name has more than ${limits.nameLength} characters`,
      "shorten it; if the file has no header line, add one",
    );
  }
};

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
      throw csvError(cellPlace(context, i), problem, "give every column a name of its own");
    }
    columnOf.set(name, i);
    names.push(name);
  }
  if (names.length === 1 && /[;\t|]/.test(names[0]!)) {
    throw csvError(
      cellPlace(context, 0),
      `the header is one column, ${quoteCell(names[0]!)}`,
      "separate columns by commas (and write decimals with a point)",
    );
  }
  return names;
};
