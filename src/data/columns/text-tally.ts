import type { Column } from "../../domain/datasets/dataset.ts";
import type { CsvRecord } from "../../formats/csv/csv-record.ts";

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
