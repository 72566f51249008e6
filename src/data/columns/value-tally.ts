import type { Column, ColumnNote } from "../../domain/datasets/dataset.ts";
import { log64 } from "../../engine/kernels/math64.ts";
import { type CsvRecord, cellText } from "../../formats/csv/csv-record.ts";
import { countedBytes } from "./value-room.ts";

/** Longer values are free text, not categories. */
const longestCategoryBytes = 256;

const fewestOfQuantiles = 30;

/** Slots of the direct-mapped cache before the map: a column of pixels or codes hits it nearly always. */
const slots = 64;
/** Of a table with thousands of columns and few rows the caches would cost more than all else: a column gets its own after so many cells. */
const cellsBeforeCache = 256;

interface Cache {
  keys: Int32Array;
  counts: (Count | undefined)[];
}

const createCache = (): Cache => ({ keys: new Int32Array(slots), counts: new Array<Count | undefined>(slots) });

/** Spreads neighbouring keys over the slots (Knuth's multiplicative hashing, 2³²/φ). */
const slotOf = (key: number): number => Math.imul(key, 0x9e3779b1) >>> 26;

interface Count {
  text: string;
  count: number;
}

/**
 * Counts the different values of one column as they are written, up to a number of different ones; after that it forgets all of them.
 * `charge` is told what they take in memory.
 * Values of up to four bytes (digits, codes, pixels) are found by their bytes, without a string being made for each cell.
 */
export const createValueTally = (mostValues: number, charge: (bytes: number) => void = () => {}) => {
  const short = new Map<number, Count>();
  const long = new Map<string, Count>();
  let cache: Cache | null = null;
  let cells = 0;
  let overflowed = false;
  let bytes = 0;
  const reckon = (change: number): void => {
    bytes += change;
    charge(change);
  };

  const overflow = (): undefined => {
    overflowed = true;
    reckon(-bytes);
    short.clear();
    long.clear();
    cache = null;
  };

  const count = <K>(counts: Map<K, Count>, key: K, record: CsvRecord, i: number): Count | undefined => {
    let found = counts.get(key);
    if (found === undefined) {
      if (short.size + long.size === mostValues) return overflow();
      found = { text: cellText(record, i), count: 0 };
      counts.set(key, found);
      reckon(countedBytes(found.text));
    }
    found.count += 1;
    return found;
  };

  const addShort = (key: number, record: CsvRecord, i: number): void => {
    if (cache === null) {
      count(short, key, record, i);
      cells += 1;
      if (cells === cellsBeforeCache && !overflowed) cache = createCache();
      return;
    }
    const slot = slotOf(key);
    const cached = cache.keys[slot] === key ? cache.counts[slot] : undefined;
    if (cached !== undefined) cached.count += 1;
    else {
      const { keys, counts } = cache;
      counts[slot] = count(short, key, record, i);
      keys[slot] = key;
    }
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
      addShort(key, record, i);
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

  return { add, entries, bytes: () => bytes, forget: (): void => overflow() };
};

export type ValueTally = ReturnType<typeof createValueTally>;

/** Most frequent first; among equals by the text's code units, so that the order depends on the data alone. */
export const sortCounts = (counts: Map<string, number>): { value: string; count: number }[] =>
  [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));

/** Numbers that these shares of a column are not above. */
interface Quantiles {
  eighth: number;
  lower: number;
  median: number;
  upper: number;
  sevenEighths: number;
}

/** (quartile − median)/z₇₅ is the standard deviation of a normal distribution. */
const upperQuartileOfNormal = 0.674489750196082;
/** So many such deviations from the median; and of logarithms, in which a Pareto distribution reaches so far once in some 60,000 rows, and a lognormal one never. */
const mostSpreads = 100;
const mostLogSpreads = 10;
/** How much farther from the median than the quartile an eighth of uniform numbers begins, whose tails are among the shortest. */
const leastGrowth = 1.5;

/**
 * The number that is far beyond what the quantiles of its side lead to expect; null where none is. Of few rows the deviation from the mean cannot tell, as no number of n is more than
 * (n − 1)/√n standard deviations from it. Logarithms must tell the same, so that a long tail is none: of the numbers themselves where none is below 0, else of how far from the median
 * they are.
 */
const farFromQuantiles = ({ minimum, maximum }: Column, quantiles: Quantiles): number | null => {
  if (minimum === undefined || maximum === undefined) return null;
  const { eighth, lower, median, upper, sevenEighths } = quantiles;
  const isBeyond = (distance: number, spread: number, most: number): boolean =>
    spread > 0 && distance * upperQuartileOfNormal > most * spread;
  const isFarther = (distance: number, ofQuartile: number, ofEighth: number): boolean =>
    log64(distance / ofQuartile) > mostLogSpreads * log64(Math.max(leastGrowth, ofEighth / ofQuartile));
  const above = maximum - median;
  const logsAgree = (): boolean =>
    minimum < 0
      ? isFarther(above, upper - median, sevenEighths - median)
      : median > 0 && isBeyond(log64(maximum / median), log64(upper / median), mostLogSpreads);
  if (isBeyond(above, upper - median, mostSpreads) && logsAgree()) return maximum;
  const below = median - minimum;
  const isLow = isBeyond(below, median - lower, mostSpreads) && isFarther(below, median - lower, median - eighth);
  return isLow ? minimum : null;
};

/** Quartiles and eighths of counted numbers: of each the least number that so large a share is not above. None of fewer than 30, which say little of it. */
const quantilesOf = (counts: readonly (readonly [value: number, count: number])[]): Quantiles | null => {
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  if (total < fewestOfQuantiles) return null;
  const sorted = [...counts].sort(([a], [b]) => a - b);
  const at = (share: number): number => {
    let [place, reached] = [0, sorted[0]![1]];
    while (reached < share * total) {
      place += 1;
      reached += sorted[place]![1];
    }
    return sorted[place]![0];
  };
  return { eighth: at(0.125), lower: at(0.25), median: at(0.5), upper: at(0.75), sevenEighths: at(0.875) };
};

/** Of values that stand more than once: all their counts together. */
export const sumCounts = (counts: Iterable<readonly [string, number]>): Map<string, number> => {
  const sums = new Map<string, number>();
  for (const [value, count] of counts) sums.set(value, (sums.get(value) ?? 0) + count);
  return sums;
};

/** What is far from the others, where all numbers were counted, as in every small file; null: they were not. */
export const farValues = (column: Column, distinct: ReadonlyMap<string, number> | null): ColumnNote[] => {
  const quantiles = distinct === null ? null : quantilesOf([...distinct].map(([text, n]) => [Number(text), n]));
  const far = quantiles === null ? null : farFromQuantiles(column, quantiles);
  if (quantiles === null || far === null) return [];
  const message = `values far from all others, such as ${far}, while half of them lie between ${quantiles.lower} and ${quantiles.upper}: see whether they are slips`;
  return [{ code: "far_values", message }];
};
