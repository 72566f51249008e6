import { type ErrorCode, ServiceError } from "../../../domain/errors.ts";
import type { RingPlan } from "../planning/row-sources.ts";
import type { Split } from "../planning/training.ts";
import { errorTextOf, ringBell, ringSplits, words, wordsOf } from "./ring-words.ts";

/** Which rows a program needs, and which will be wanted after them if nothing else is. */
export interface WantedRows {
  readonly split: Split;
  /** Byte offset of the places in the split that rows are taken in the order of; i32. */
  readonly orderOffset: number;
  /** The rows' positions in that order: from `first`, so many; those behind, up to `end`, come next. */
  readonly first: number;
  readonly rows: number;
  readonly end: number;
  /** The epoch whose changes the rows have; null: as they are. */
  readonly epoch: number | null;
}

/** The lead's side of a ring. */
export interface RingLead {
  /** Waits for the rows and puts the cursor on them: they stay until they are given back. Throws what the reader ended with. */
  take(wanted: WantedRows): void;
  giveBack(rows: number): void;
  /** The order that was read in is another now. */
  forget(): void;
  /** The ring itself, with the cursor at its beginning: until rows are taken again the reader writes nothing to it. */
  lend(): Float32Array;
}

const noRows: WantedRows = { split: "train", orderOffset: 0, first: 0, rows: 0, end: 0, epoch: null };

/** A waiting lead shows so often that it lives. */
const waitMs = 200;

const sameOrder = (a: WantedRows, b: WantedRows): boolean =>
  a.split === b.split && a.orderOffset === b.orderOffset && a.end === b.end && a.epoch === b.epoch;

/** The reader's error, as it happened there. */
const readerError = (memory: WebAssembly.Memory, plan: RingPlan, bytes: number): ServiceError => {
  const text = Buffer.from(errorTextOf(memory, plan).slice(0, bytes)).toString();
  const { code, message }: { code: ErrorCode; message: string } = JSON.parse(text);
  return new ServiceError(code, message);
};

/** @param onWait called while rows are waited for */
export const createRingLead = (plan: RingPlan, memory: WebAssembly.Memory, onWait: () => void): RingLead => {
  const all = wordsOf(memory, plan);
  const cursor = new Int32Array(memory.buffer, plan.cursorOffset, 1);
  let current: WantedRows | null = null;
  /** Rows of the current order that were given back. */
  let taken = 0;

  const begin = (wanted: WantedRows): void => {
    current = { ...wanted };
    taken = 0;
    Atomics.add(all, words.wanted, 1);
    Atomics.store(all, words.split, ringSplits.indexOf(wanted.split));
    Atomics.store(all, words.epoch, wanted.epoch ?? -1);
    Atomics.store(all, words.order, wanted.orderOffset / 4 + wanted.first);
    Atomics.store(all, words.count, wanted.end - wanted.first);
    Atomics.store(all, words.taken, 0);
    Atomics.add(all, words.wanted, 1);
    ringBell(all, words.leadBell);
  };
  const isReady = (rows: number): boolean =>
    Atomics.load(all, words.served) === Atomics.load(all, words.wanted) &&
    Atomics.load(all, words.ready) - taken >= rows;
  const wait = (rows: number): void => {
    for (;;) {
      const bell = Atomics.load(all, words.readerBell);
      if (isReady(rows)) return;
      const failed = Atomics.load(all, words.failed);
      if (failed > 0) throw readerError(memory, plan, failed);
      Atomics.wait(all, words.readerBell, bell, waitMs);
      onWait();
    }
  };

  return {
    take: (wanted) => {
      if (current === null || !sameOrder(current, wanted) || current.first + taken !== wanted.first) begin(wanted);
      wait(wanted.rows);
      cursor[0] = taken % plan.rows;
    },
    giveBack: (rows) => {
      taken += rows;
      Atomics.store(all, words.taken, taken);
      ringBell(all, words.leadBell);
    },
    forget: () => {
      current = null;
      Atomics.add(all, words.version, 1);
    },
    lend: () => {
      begin(noRows);
      current = null;
      wait(0);
      cursor[0] = 0;
      return new Float32Array(memory.buffer, plan.rowsOffset, plan.rows * plan.inputs);
    },
  };
};

/** Lets the reader return. */
export const closeRing = (plan: RingPlan, memory: WebAssembly.Memory): void => {
  const all = wordsOf(memory, plan);
  Atomics.store(all, words.closed, 1);
  ringBell(all, words.leadBell);
};

/**
 * Waits until the reader of a closed ring has left, be it that it comes only now: before that the memory may not be cleared, since a reader that finds its ring
 * open again would wait in it for ever, and one that still reads would write to what is somebody else's.
 * @param goOn asked again and again: whether to wait longer
 */
export const awaitReader = (plan: RingPlan, memory: WebAssembly.Memory, goOn: () => boolean): void => {
  const all = wordsOf(memory, plan);
  for (;;) {
    const bell = Atomics.load(all, words.readerBell);
    if (Atomics.load(all, words.left) !== 0 || !goOn()) return;
    Atomics.wait(all, words.readerBell, bell, waitMs);
  }
};
