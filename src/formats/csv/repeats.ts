import type { CsvRecord } from "./csv-record.ts";

/** Rows that are compared with each other at most: their hashes take some ten MB. */
const mostRows = 200_000;

/** Which rows, and which columns, say what others said before. */
export interface Repeats {
  add(record: CsvRecord): void;
  /** Rows that were compared, and how many of them are like no earlier one. */
  rows(): { compared: number; distinct: number };
  /** Of each column the first with the same text in every row that was compared; null: there is none before it. */
  columns(): (number | null)[];
}

/** Two words of FNV-1a (Fowler, Noll & Vo), of different primes: equal pairs of hashes of different texts are not met with. */
const [firstPrime, secondPrime] = [0x01000193, 0x85ebca6b];
const basis = 0x811c9dc5 | 0;

export const createRepeats = (columns: number): Repeats => {
  const seen = new Set<number>();
  const [first, second] = [new Int32Array(columns).fill(basis), new Int32Array(columns).fill(basis)];
  let compared = 0;
  return {
    add: ({ bytes, starts, ends, cells }) => {
      if (compared === mostRows) return;
      compared += 1;
      let [rowFirst, rowSecond] = [basis, basis];
      for (let i = 0; i < cells; i++) {
        let [a, b] = [basis, basis];
        for (let at = starts[i]!; at < ends[i]!; at++) {
          a = Math.imul(a ^ bytes[at]!, firstPrime);
          b = Math.imul(b ^ bytes[at]!, secondPrime);
        }
        // Where a cell ends is part of the row.
        rowFirst = Math.imul(rowFirst ^ a, firstPrime) + i;
        rowSecond = Math.imul(rowSecond ^ (b ^ (b >>> 15)), secondPrime) + i;
        if (i >= columns) continue;
        first[i] = Math.imul(first[i]! ^ a, firstPrime) + 1;
        second[i] = Math.imul(second[i]! ^ (b ^ (b >>> 15)), secondPrime) + 1;
      }
      seen.add((rowFirst >>> 0) * 2 ** 21 + (rowSecond >>> 11));
    },
    rows: () => ({ compared, distinct: seen.size }),
    columns: () => {
      const places = new Map<number, number>();
      return Array.from({ length: columns }, (_, i) => {
        const key = (first[i]! >>> 0) * 2 ** 21 + (second[i]! >>> 11);
        const before = places.get(key);
        if (before === undefined) places.set(key, i);
        return before ?? null;
      });
    },
  };
};
