import { countDistinct, firstPrime, hashBasis, joinWords, secondPrime } from "../hash-set.ts";
import { type CsvRecord, cellText } from "./csv-record.ts";

/** Rows that are compared with each other at most: their hashes take 2 MB. */
const mostRows = 200_000;

/** Which rows, and which columns, say what others said before. */
export interface Repeats {
  add(record: CsvRecord): void;
  /** Rows that were compared, and how many of them are written like no earlier one. */
  rows(): { compared: number; distinct: number };
  /** Of each column the first with the same text in every row; null: there is none before it. */
  columns(): (number | null)[];
}

const doubled = (hashes: Float64Array): Float64Array => {
  const wider = new Float64Array(2 * hashes.length);
  wider.set(hashes);
  return wider;
};

/** 53 bits of a row as it is written, from its first cell to its last: four bytes at a time, since this is done for every row of an upload. */
const createRowHash = (): ((record: CsvRecord) => number) => {
  let seen: Buffer | null = null;
  let view: DataView = new DataView(new ArrayBuffer(0));
  return ({ bytes, starts, ends, cells }) => {
    if (bytes !== seen) {
      seen = bytes;
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    const end = ends[cells - 1]!;
    let at = starts[0]!;
    let [a, b] = [hashBasis, hashBasis];
    for (; at + 3 < end; at += 4) {
      const word = view.getInt32(at, true);
      a = Math.imul(a ^ word, firstPrime);
      b = Math.imul(b ^ word, secondPrime);
      // What a product carries goes up only.
      a ^= a >>> 15;
      b ^= b >>> 13;
    }
    for (; at < end; at++) {
      a = Math.imul(a ^ bytes[at]!, firstPrime);
      b = Math.imul(b ^ bytes[at]!, secondPrime);
    }
    b ^= b >>> 15;
    return joinWords(a, b);
  };
};

const isSameCell = ({ bytes, starts, ends }: CsvRecord, i: number, j: number): boolean => {
  const [first, second] = [starts[i]!, starts[j]!];
  const length = ends[i]! - first;
  if (ends[j]! - second !== length) return false;
  for (let k = 0; k < length; k++) if (bytes[first + k] !== bytes[second + k]) return false;
  return true;
};

/** Parts columns that were alike by what they have in this row; one that is then alone is left out. */
const partedBy = (record: CsvRecord, alike: readonly number[]): readonly (readonly number[])[] => {
  const others = alike.filter((column) => !isSameCell(record, alike[0]!, column));
  if (others.length === 0) return [alike];
  const byText = new Map<string, number[]>();
  for (const column of others) {
    const text = cellText(record, column);
    const own = byText.get(text);
    if (own === undefined) byText.set(text, [column]);
    else own.push(column);
  }
  const same = alike.filter((column) => isSameCell(record, alike[0]!, column));
  return [same, ...byText.values()].filter(({ length }) => length > 1);
};

export const createRepeats = (columns: number): Repeats => {
  let hashes: Float64Array = new Float64Array(1024);
  let compared = 0;
  const hashOf = createRowHash();
  // Columns alike in every row so far: after a few rows hardly any are left that have to be looked at.
  let classes: readonly (readonly number[])[] =
    columns > 1 ? [Array.from({ length: columns }, (_, column) => column)] : [];
  return {
    add: (record) => {
      if (classes.length > 0) classes = classes.flatMap((alike) => partedBy(record, alike));
      if (compared === mostRows) return;
      if (compared === hashes.length) hashes = doubled(hashes);
      hashes[compared] = hashOf(record);
      compared += 1;
    },
    rows: () => ({ compared, distinct: countDistinct(hashes.subarray(0, compared)) }),
    columns: () => {
      const before = new Array<number | null>(columns).fill(null);
      for (const alike of classes) for (const column of alike.slice(1)) before[column] = alike[0]!;
      return before;
    },
  };
};
