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
  /** Of each column of at most 100 different texts, two at least, the first whose texts go with its one to one; null: there is none before it. */
  pairs(): (number | null)[];
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

const groupedBy = <K>(columns: readonly number[], keyOf: (column: number) => K): Map<K, number[]> => {
  const groups = new Map<K, number[]>();
  for (const column of columns) {
    const key = keyOf(column);
    const own = groups.get(key);
    if (own === undefined) groups.set(key, [column]);
    else own.push(column);
  }
  return groups;
};

/** Parts columns that were alike by what they have in this row; one that is then alone is left out. */
const partedBy = (record: CsvRecord, alike: readonly number[]): readonly (readonly number[])[] => {
  const others = alike.filter((column) => !isSameCell(record, alike[0]!, column));
  if (others.length === 0) return [alike];
  const byText = groupedBy(others, (column) => cellText(record, column));
  const same = alike.filter((column) => isSameCell(record, alike[0]!, column));
  return [same, ...byText.values()].filter(({ length }) => length > 1);
};

/** More different texts than this are not kept; in tables of more columns none are. */
const [mostTexts, mostColumns] = [100, 1000];

/** 53 bits of a cell as it is written, a byte at a time. */
const hashOfCell = ({ bytes, starts, ends }: CsvRecord, i: number): number => {
  let [a, b] = [hashBasis, hashBasis];
  for (let at = starts[i]!; at < ends[i]!; at++) {
    a = Math.imul(a ^ bytes[at]!, firstPrime);
    b = Math.imul(b ^ bytes[at]!, secondPrime);
  }
  return joinWords(a, b ^ (b >>> 15));
};

/** Columns told apart by which of their texts, counted as they first come, a row has: those that go on together say the same in other words. */
const createPairs = (columns: number) => {
  const places = Array.from({ length: columns > mostColumns ? 0 : columns }, () => new Map<number, number>());
  let groups: readonly (readonly number[])[] = places.length > 1 ? [[...places.keys()]] : [];
  const placeOf = (record: CsvRecord, column: number): number => {
    const own = places[column]!;
    const text = hashOfCell(record, column);
    const known = own.get(text);
    if (known !== undefined) return known;
    own.set(text, own.size);
    return own.size - 1;
  };
  const goesOn = (record: CsvRecord, group: readonly number[]): boolean => {
    const place = placeOf(record, group[0]!);
    return place < mostTexts && group.every((column, k) => k === 0 || placeOf(record, column) === place);
  };
  const parted = (record: CsvRecord, group: readonly number[]): readonly (readonly number[])[] => {
    if (goesOn(record, group)) return [group];
    const byPlace = groupedBy(group, (column) => placeOf(record, column));
    byPlace.delete(mostTexts);
    return [...byPlace.values()].filter(({ length }) => length > 1);
  };
  return {
    add: (record: CsvRecord): void => {
      if (!groups.every((group) => goesOn(record, group))) groups = groups.flatMap((group) => parted(record, group));
    },
    told: () => groups.filter((group) => places[group[0]!]!.size > 1),
  };
};

const firstOfEach = (columns: number, groups: readonly (readonly number[])[]): (number | null)[] => {
  const before = new Array<number | null>(columns).fill(null);
  for (const group of groups) for (const column of group.slice(1)) before[column] = group[0]!;
  return before;
};

export const createRepeats = (columns: number): Repeats => {
  let hashes: Float64Array = new Float64Array(1024);
  let compared = 0;
  const hashOf = createRowHash();
  const pairs = createPairs(columns);
  // Columns alike in every row so far: after a few rows hardly any are left that have to be looked at.
  let classes: readonly (readonly number[])[] =
    columns > 1 ? [Array.from({ length: columns }, (_, column) => column)] : [];
  return {
    add: (record) => {
      if (classes.length > 0) classes = classes.flatMap((alike) => partedBy(record, alike));
      pairs.add(record);
      if (compared === mostRows) return;
      if (compared === hashes.length) hashes = doubled(hashes);
      hashes[compared] = hashOf(record);
      compared += 1;
    },
    rows: () => ({ compared, distinct: countDistinct(hashes.subarray(0, compared)) }),
    columns: () => firstOfEach(columns, classes),
    pairs: () => firstOfEach(columns, pairs.told()),
  };
};
