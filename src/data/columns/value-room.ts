import type { Column } from "../../domain/datasets/dataset.ts";
import { isCategorical } from "../../domain/datasets/truth-values.ts";
import { limits } from "../../domain/limits.ts";

/** Of the room for values, what number columns may take, which do without: the rest is for category columns, which are no features without them. */
const numberShare = 1 / 4;

interface Holder {
  isNumber: boolean;
  bytes: number;
}

/** Which must let go, those that hold most first, so that all together hold no more than the room. It depends on the sizes alone. */
const inExcess = (holders: readonly Holder[], roomBytes: number): number[] => {
  const held = (of: readonly number[]): number => of.reduce((sum, i) => sum + holders[i]!.bytes, 0);
  const bySize = [...holders.keys()].sort((a, b) => holders[b]!.bytes - holders[a]!.bytes || b - a);
  const numbers = bySize.filter((i) => holders[i]!.isNumber);
  const others = bySize.filter((i) => !holders[i]!.isNumber);
  const total = held(bySize);
  if (total <= roomBytes) return [];
  const leave: number[] = [];
  const cut = (line: readonly number[], excess: number): void => {
    let left = excess;
    for (const i of line) {
      if (left <= 0) return;
      left -= holders[i]!.bytes;
      leave.push(i);
    }
  };
  cut(numbers, Math.min(held(numbers) - roomBytes * numberShare, total - roomBytes));
  cut(others, total - held(leave) - roomBytes);
  return leave;
};

/** What a counted value takes in a manifest beside its text: `{"value":"","count":12345},`. */
const bytesPerValue = 28;

const manifestBytes = ({ categories = [] }: Column): number =>
  categories.reduce((bytes, { value }) => bytes + Buffer.byteLength(JSON.stringify(value)) + bytesPerValue, 0);

/** The columns with as many of their counted values as a manifest has room for. */
export const fitValues = (columns: readonly Column[], roomBytes: number = limits.manifestValueBytes): Column[] => {
  const holders = columns.map((column) => ({ isNumber: column.type === "number", bytes: manifestBytes(column) }));
  const dropped = new Set(inExcess(holders, roomBytes));
  return columns.map((column, i) => {
    if (!dropped.has(i)) return column;
    const { categories: _values, ...rest } = column;
    return isCategorical(column) ? { ...rest, distinct: null } : rest;
  });
};

interface Counting {
  /** Every present cell so far was a number. */
  isNumber: boolean;
  values: { bytes(): number; forget(): void };
}

/** While a file is read, between records: where the values of all columns take too much memory, some forget theirs, until a sixteenth is free again. */
export const keepRoom = (columns: readonly Counting[], roomBytes: number = limits.countedValueBytes): void => {
  const holders = columns.map(({ isNumber, values }) => ({ isNumber, bytes: values.bytes() }));
  for (const i of inExcess(holders, roomBytes * (15 / 16))) columns[i]!.values.forget();
};

/** What a value takes in memory while it is counted, beside its text. */
const bytesInMemory = 100;

/** Bytes that one counted value is reckoned with. */
export const countedBytes = (text: string): number => bytesInMemory + 2 * text.length;
