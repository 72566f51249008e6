import type { Column } from "../../domain/datasets/dataset.ts";
import { truthOf, truthWords } from "../../domain/datasets/truth-values.ts";
import { csvError, quoteCell } from "../../formats/csv/csv-error.ts";
import { type CsvRecord, cellLine, cellText } from "../../formats/csv/csv-record.ts";

/** How many words the texts of a column have. */
export interface TextTally {
  cells: number;
  words: number;
}

export const createTextTally = (): TextTally => ({ cells: 0, words: 0 });

/** Adds cell i, whose words are what blanks and line ends part. */
export const addText = (tally: TextTally, { bytes, starts, ends }: CsvRecord, i: number): void => {
  tally.cells += 1;
  let inWord = false;
  for (let at = starts[i]!; at < ends[i]!; at++) {
    const isBlank = bytes[at]! <= 32;
    if (!isBlank && !inWord) tally.words += 1;
    inWord = !isBlank;
  }
};

export const meanWords = ({ cells, words }: TextTally): number => (cells === 0 ? 0 : words / cells);

/** Fewer rows than this may differ all by chance. */
const fewestRows = 50;
/** Ada Lovelace is a name, and so is part 17. */
const fewestWords = 3;

/** Free text rather than names: three words or more in the mean, and too many different ones to be categories, or nearly all different. */
export const looksLikeText = (tally: TextTally, { distinct, missing }: Column, rows: number): boolean => {
  if (meanWords(tally) < fewestWords) return false;
  const present = rows - missing;
  return distinct === null || (present >= fewestRows && distinct >= 0.8 * present);
};

/** How a column writes each truth value. */
export type TruthTally = Map<boolean, string>;

/** Adds a cell of a column that is stated to have truth values: written in one way, as each text is a category of its own to a model. `invalid_csv` where it is none, or written otherwise than before. */
export const addTruth = (
  tally: TruthTally,
  record: CsvRecord,
  { index, name }: { readonly index: number; readonly name: string },
): void => {
  const text = cellText(record, index);
  const truth = truthOf(text);
  const before = truth === null ? undefined : tally.get(truth);
  if (truth !== null && (before === undefined || before === text)) {
    tally.set(truth, text);
    return;
  }
  const why =
    before === undefined
      ? "is no truth value, and the column is stated to have them"
      : `is written ${quoteCell(before)} before, and truth values are read in one way of writing`;
  const remedy = `write one of ${truthWords}, leave the cell empty if its value is missing, or state the type "category"`;
  throw csvError({ line: cellLine(record, index), column: index + 1, name }, `${quoteCell(text)} ${why}`, remedy);
};
