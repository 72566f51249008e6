import type { CsvQuote, DateOrder, DecimalMark, Delimiter } from "../../domain/datasets/dataset.ts";

/** How a file separates its cells and writes its decimals. */
export interface CsvDialect {
  delimiter: Delimiter;
  decimal: DecimalMark;
  /** The file has no line of names: its columns are called column_1, column_2, …. Left out: it has one. */
  header?: "absent";
  /** What encloses cells. Left out: the double quote. */
  quote?: CsvQuote;
  /** Cells that are missing in every column, beside empty ones. */
  missingWords?: string[];
  /** Which of the numbers in 03/04/2026 is the day. Left out: such cells are no dates. */
  dates?: DateOrder;
}

/** What a user, or a manifest, says of it. */
export interface StatedDialect {
  delimiter?: Delimiter | undefined;
  decimal?: DecimalMark | undefined;
  header?: "absent" | undefined;
  quote?: CsvQuote | undefined;
  missingWords?: readonly string[] | undefined;
  dates?: DateOrder | undefined;
}

export const plainDialect: CsvDialect = { delimiter: ",", decimal: "." };

/** What is never found out, as it was stated. */
export const statedOnly = ({ header, quote, missingWords, dates }: StatedDialect): Partial<CsvDialect> => ({
  ...(header === undefined ? {} : { header }),
  ...(quote === undefined || quote === '"' ? {} : { quote }),
  ...(missingWords === undefined || missingWords.length === 0 ? {} : { missingWords: [...missingWords] }),
  ...(dates === undefined ? {} : { dates }),
});

/** That of a stored data set; manifests of earlier versions say nothing of it. */
export const dialectOf = (stated: StatedDialect): CsvDialect => ({
  delimiter: stated.delimiter ?? plainDialect.delimiter,
  decimal: stated.decimal ?? plainDialect.decimal,
  ...statedOnly(stated),
});

/** The byte that encloses cells; −1: none does. */
export const quoteByte = ({ quote = '"' }: Pick<CsvDialect, "quote">): number =>
  quote === "none" ? -1 : quote.charCodeAt(0);

export const delimiters: readonly Delimiter[] = [",", ";", "\t", "|"];

/** The line before the header by which Excel is told, and tells, what separates the cells: `sep=;`. It is no row. */
export const separatorLine = /^sep=([,;|\t])\r?(?:\n|$)/i;

/** A delimiter as an error message and a URL name it. */
export const delimiterName = (delimiter: Delimiter): string => (delimiter === "\t" ? "tab" : delimiter);
