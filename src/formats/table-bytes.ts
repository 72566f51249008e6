/** A table of another form, as CSV (commas, decimal points, UTF-8) from its first byte. */
export interface TableBytes {
  csv: AsyncIterable<Uint8Array>;
  /** Columns whose values the file has as texts, also where they look like numbers. */
  texts: ReadonlySet<string>;
  /** Columns that have no form in a table, and why. */
  leftOut: readonly { name: string; reason: string }[];
  /** Frees what reading holds, also where nobody has read to the end. */
  close?: () => void;
}

/** A file's bytes from `start` to before `end`; all of them without a range. */
export type ReadBytes = (range?: { start: number; end: number }) => Promise<AsyncIterable<Uint8Array>>;
