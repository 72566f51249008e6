import type { CsvRecord } from "./csv-record.ts";

/** Rows that are compared with each other at most: their hashes take 2 MB. */
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
const firstPrime = 0x01000193;
const secondPrime = 0x85ebca6b | 0;
const basis = 0x811c9dc5 | 0;

const doubled = (hashes: Float64Array): Float64Array => {
  const wider = new Float64Array(2 * hashes.length);
  wider.set(hashes);
  return wider;
};

/** Two bytes at a time, and into an array of numbers: this is done for every cell of an upload. */
export const createRepeats = (columns: number): Repeats => {
  let hashes: Float64Array = new Float64Array(1024);
  const [first, second] = [new Int32Array(columns).fill(basis), new Int32Array(columns).fill(basis)];
  let compared = 0;
  return {
    add: ({ bytes, starts, ends }) => {
      if (compared === mostRows) return;
      if (compared === hashes.length) hashes = doubled(hashes);
      let rowFirst = basis;
      let rowSecond = basis;
      for (let i = 0; i < columns; i++) {
        const end = ends[i]!;
        let at = starts[i]!;
        let a = basis;
        let b = basis;
        for (; at + 1 < end; at += 2) {
          const two = bytes[at]! | (bytes[at + 1]! << 8);
          a = Math.imul(a ^ two, firstPrime);
          b = Math.imul(b ^ two, secondPrime);
        }
        if (at < end) {
          a = Math.imul(a ^ bytes[at]!, firstPrime);
          b = Math.imul(b ^ bytes[at]!, secondPrime);
        }
        b ^= b >>> 15;
        // Where a cell ends is part of the row.
        rowFirst = (Math.imul(rowFirst ^ a, firstPrime) + i) | 0;
        rowSecond = (Math.imul(rowSecond ^ b, secondPrime) + i) | 0;
        first[i] = Math.imul(first[i]! ^ a, firstPrime) + 1;
        second[i] = Math.imul(second[i]! ^ b, secondPrime) + 1;
      }
      hashes[compared] = (rowFirst >>> 0) * 2 ** 21 + (rowSecond >>> 11);
      compared += 1;
    },
    rows: () => {
      const sorted = hashes.slice(0, compared).sort();
      let distinct = 0;
      for (let at = 0; at < compared; at++) if (sorted[at] !== sorted[at - 1]) distinct += 1;
      return { compared, distinct };
    },
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
