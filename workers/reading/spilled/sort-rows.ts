import { assert } from "../../../src/domain/errors.ts";
import { checkOf, sortedWords, spillStarts, storedWords } from "../../../src/engine/tensor/spill-format.ts";
import type { RingPlan } from "../../../src/engine/train/planning/row-sources.ts";
import type { WantedPart } from "../../../src/engine/train/ring/ring-reader.ts";
import type { SpillRows } from "./near-rows.ts";
import type { SpillFile } from "./open-spill.ts";

export type SpillRing = RingPlan & SpillRows;

/** Bytes that are read at once, and that wait to be written, of all parts together. */
const [readBytes, waitingBytes] = [1024 ** 2, 8 * 1024 ** 2];
/** Of an order: each is written by itself, so that many would make small writes. */
const mostParts = 1024;
/** No row's position. */
const nowhere = 0xffffffff;

/** An order of training rows whose rows stand in the file part by part: those of one part together, in any order, each with its position. */
export interface Sorted {
  readonly version: number;
  /** Word of the memory at which the order begins, and its rows. */
  readonly order: number;
  readonly rows: number;
}

/** Rows of the parts that wait to be written. */
const createParts = (
  parts: number,
  sortedRow: number,
  write: (part: number, before: number, from: Uint8Array) => void,
) => {
  const rowsWaiting = Math.max(1, Math.floor(waitingBytes / (4 * sortedRow * parts)));
  const waiting = new Int32Array(parts * rowsWaiting * sortedRow);
  const counts = new Int32Array(parts);
  const written = new Int32Array(parts);
  const flush = (part: number): void => {
    const [count, before] = [counts[part]!, written[part]!];
    if (count > 0)
      write(part, before, new Uint8Array(waiting.buffer, 4 * part * rowsWaiting * sortedRow, 4 * count * sortedRow));
    written[part] = before + count;
    counts[part] = 0;
  };
  return {
    waiting,
    /** Where the next row of a part goes: those before are there. */
    next: (part: number): number => {
      if (counts[part] === rowsWaiting) flush(part);
      const count = counts[part]!;
      counts[part] = count + 1;
      return (part * rowsWaiting + count) * sortedRow;
    },
    finish: () => {
      for (let part = 0; part < parts; part++) flush(part);
    },
  };
};

/** Position of each training row in an order; false where a row stands there twice. */
const invert = (places: Int32Array, positions: Uint32Array): boolean => {
  positions.fill(nowhere);
  for (let position = 0; position < places.length; position++) {
    const row = places[position]!;
    if (positions[row] !== nowhere) return false;
    positions[row] = position;
  }
  return true;
};

/** Rows of a part of an order: a batch that begins in one part and ends in the next has both in the ring. */
const partRowsOf = ({ rows, slots }: SpillRing): number => {
  const most = slots.count - rows;
  return rows >= 2 * most ? Math.floor(rows / 2) : rows - most + 1;
};

/**
 * Sorts the rows of an epoch by the way of the file: one pass reads all rows and writes each to its part of the order, about half the ring each; then part by part is read
 * and each row put into its slot. Sequential on disk, whatever the order.
 */
export const createSorter = (file: SpillFile, plan: SpillRing, ring: Int32Array) => {
  const { inputs, spill } = plan;
  const [storedRow, sortedRow] = [storedWords(inputs), sortedWords(inputs)];
  const starts = spillStarts(spill.rows, storedWords(inputs));
  const positions = new Uint32Array(ring.buffer, spill.positionsOffset, spill.rows.train);
  const partRows = partRowsOf(plan);
  const block = new Int32Array(sortedRow * Math.max(1, Math.floor(readBytes / (4 * sortedRow))));
  const blockBytes = new Uint8Array(block.buffer);
  let last: Sorted | null = null;

  const distribute = (parts: number): void => {
    const { waiting, next, finish } = createParts(parts, sortedRow, (part, before, from) =>
      file.write(from, starts.sorted + 4 * sortedRow * (part * partRows + before)),
    );
    const rowsOfBlock = Math.floor(block.length / storedRow);
    for (let first = 0; first < spill.rows.train; first += rowsOfBlock) {
      const rows = Math.min(rowsOfBlock, spill.rows.train - first);
      file.read(blockBytes.subarray(0, 4 * rows * storedRow), starts.train + 4 * first * storedRow);
      for (let i = 0; i < rows; i++) {
        const position = positions[first + i]!;
        if (position === nowhere) continue;
        const [from, to] = [i * storedRow, next(Math.floor(position / partRows))];
        for (let word = 0; word < storedRow; word++) waiting[to + word] = block[from + word]!;
        waiting[to + storedRow] = position;
      }
    }
    finish();
  };

  return {
    partRows,
    /** Null: rows are to be read one by one, since they stand in the order more than once, or there would be too many parts. */
    sort: ({ split, places, order, version }: WantedPart): Sorted | null => {
      const parts = Math.ceil(places.length / partRows);
      if (split !== "train" || parts > mostParts) return null;
      if (last?.version === version) {
        if (order >= last.order && order + places.length === last.order + last.rows) return last;
        // A few others, between which that order goes on.
        if (places.length <= partRows) return null;
      }
      last = null;
      if (!invert(places, positions)) return null;
      distribute(parts);
      last = { version, order, rows: places.length };
      return last;
    },
    /** Puts the rest of the part that comes next; returns its rows. Null: a row is not what was written. */
    put: (wanted: WantedPart, sorted: Sorted): number | null => {
      /** From positions in the sorted order to those in what is wanted. */
      const offset = wanted.order - sorted.order;
      const next = offset + wanted.ready;
      const first = Math.floor(next / partRows) * partRows;
      const end = Math.min(sorted.rows, first + partRows);
      assert(end > next && end - next <= wanted.room, "there is room for a part");
      const rowsOfBlock = block.length / sortedRow;
      for (let at = first; at < end; at += rowsOfBlock) {
        const rows = Math.min(rowsOfBlock, end - at);
        file.read(blockBytes.subarray(0, 4 * rows * sortedRow), starts.sorted + 4 * sortedRow * at);
        for (let i = 0; i < rows; i++) {
          const from = i * sortedRow;
          const position = block[from + storedRow]! - offset;
          if (position < wanted.ready) continue;
          const row = wanted.places[position];
          if (row === undefined || checkOf(block, from, inputs, row) !== block[from + inputs]) return null;
          const to = (position % plan.rows) * inputs;
          for (let word = 0; word < inputs; word++) ring[to + word] = block[from + word]!;
        }
      }
      return end - next;
    },
  };
};
