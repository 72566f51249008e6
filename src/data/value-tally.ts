import { type CsvRecord, cellText } from "./csv-record.ts";

/** Longer values are free text, not categories. */
const longestCategoryBytes = 256;

interface Count {
  /** Null until somebody asks: see `entries`. */
  text: string;
  count: number;
}

/**
 * Counts the different values of one column as they are written, up to a number of different ones; after that it forgets all of them.
 * Values of up to four bytes (digits, codes, pixels) are found by their bytes, without a string being made for each cell.
 */
export const createValueTally = (mostValues: number) => {
  const short = new Map<number, Count>();
  const long = new Map<string, Count>();
  let overflowed = false;

  const overflow = (): void => {
    overflowed = true;
    short.clear();
    long.clear();
  };

  const count = <K>(counts: Map<K, Count>, key: K, record: CsvRecord, i: number): void => {
    const found = counts.get(key);
    if (found !== undefined) found.count += 1;
    else if (short.size + long.size === mostValues) overflow();
    else counts.set(key, { text: cellText(record, i), count: 1 });
  };

  /** Adds cell i of a record. */
  const add = (record: CsvRecord, i: number): void => {
    if (overflowed) return;
    const [start, end] = [record.starts[i]!, record.ends[i]!];
    if (end - start > longestCategoryBytes) overflow();
    else if (end - start > 4 || record.escaped[i] === 1) count(long, cellText(record, i), record, i);
    else {
      // No byte of a cell is 0, so the bytes as one number tell the length too.
      let key = 0;
      for (let at = start; at < end; at++) key = (key << 8) | record.bytes[at]!;
      count(short, key, record, i);
    }
  };

  /** Value → count; null if there were more different values than asked for, or one too long for a category. */
  const entries = (): Map<string, number> | null => {
    if (overflowed) return null;
    const counts = new Map<string, number>();
    for (const { text, count } of [...short.values(), ...long.values()])
      counts.set(text, (counts.get(text) ?? 0) + count);
    return counts;
  };

  return { add, entries };
};

export type ValueTally = ReturnType<typeof createValueTally>;
