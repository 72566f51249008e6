import type { DecimalMark, Delimiter } from "../../domain/datasets/dataset.ts";

/** How a file separates its cells and writes its decimals. */
export interface CsvDialect {
  delimiter: Delimiter;
  decimal: DecimalMark;
}

/** What a user, or a manifest, says of it. */
export interface StatedDialect {
  delimiter?: Delimiter | undefined;
  decimal?: DecimalMark | undefined;
}

export const plainDialect: CsvDialect = { delimiter: ",", decimal: "." };

/** That of a stored data set; manifests of earlier versions say nothing of it. */
export const dialectOf = (stated: StatedDialect): CsvDialect => ({
  delimiter: stated.delimiter ?? plainDialect.delimiter,
  decimal: stated.decimal ?? plainDialect.decimal,
});

export const delimiters: readonly Delimiter[] = [",", ";", "\t", "|"];

/** A delimiter as an error message and a URL name it. */
export const delimiterName = (delimiter: Delimiter): string => (delimiter === "\t" ? "tab" : delimiter);
