import type { RingPlan } from "../planning/row-sources.ts";
import type { Split } from "../planning/training.ts";
import { errorTextBytes, errorTextOf, ringBell, ringSplits, words, wordsOf } from "./ring-words.ts";

/** The next rows that are wanted, and where each goes. */
export interface RowsToRead {
  readonly split: Split;
  readonly epoch: number | null;
  /** Places in the split. */
  readonly places: readonly number[];
  /** Index of the first of each row's inputs in `floats`. */
  readonly slots: readonly number[];
}

/** What the lead wants of a split, and how much of it there is room for. */
export interface WantedPart {
  /** Another number for each order that was wanted; where the words of the places are another order, another version too. */
  readonly generation: number;
  readonly version: number;
  readonly split: Split;
  readonly epoch: number | null;
  /** Places of the rows in the split, in the memory itself: of all that are wanted, of which so many lie in the ring or did. */
  readonly places: Int32Array;
  /** Of 32-bit words of the memory: where these places stand. */
  readonly order: number;
  readonly ready: number;
  /** One at least. */
  readonly room: number;
}

/** The reader's side of a ring: runs on a thread of its own. */
export interface RingReader {
  /** The whole ring. */
  readonly floats: Float32Array;
  /** Blocks until there is room for so many rows, or for all that are left, of an order that is wanted; null: the ring is closed. */
  wait(least: number): WantedPart | null;
  /** Whether these places are still in the order in which they were wanted. */
  isCurrent(part: Pick<WantedPart, "generation" | "version">): boolean;
  /** Blocks until there is room for a row that is wanted, and tells of as many as there is, at most so many; null: the ring is closed. */
  next(most: number): RowsToRead | null;
  /** The first so many of them lie in the ring; in vain if others are wanted by now. */
  ready(rows: number): void;
  /** The lead is to end with this error. */
  fail(code: string, message: string): void;
  /** The last that is done: whoever waits for it may use the memory for something else. */
  leave(): void;
}

/** A message is cut before it is too long as JSON, whatever must be escaped in it. */
const mostCharacters = Math.floor(errorTextBytes / 8);

export const createRingReader = (plan: RingPlan, memory: WebAssembly.Memory): RingReader => {
  const all = wordsOf(memory, plan);
  const integers = new Int32Array(memory.buffer);
  let generation = 0;
  let ready = 0;

  /** Takes up the order that is wanted, if it is another. */
  const follow = (): void => {
    const wanted = Atomics.load(all, words.wanted);
    if (wanted === generation || wanted % 2 !== 0) return;
    generation = wanted;
    ready = 0;
    Atomics.store(all, words.ready, 0);
    Atomics.store(all, words.served, wanted);
    ringBell(all, words.readerBell);
  };

  const wait = (least: number): WantedPart | null => {
    for (;;) {
      const bell = Atomics.load(all, words.leadBell);
      if (Atomics.load(all, words.closed) !== 0) return null;
      follow();
      const room = Atomics.load(all, words.taken) + plan.rows - ready;
      const left = generation === 0 ? 0 : Atomics.load(all, words.count) - ready;
      if (left <= 0 || room < Math.min(least, left)) {
        Atomics.wait(all, words.leadBell, bell);
        continue;
      }
      const epoch = Atomics.load(all, words.epoch);
      const order = Atomics.load(all, words.order);
      const found = {
        ...{ generation, version: Atomics.load(all, words.version) },
        split: ringSplits[Atomics.load(all, words.split)]!,
        epoch: epoch < 0 ? null : epoch,
        places: integers.subarray(order, order + Atomics.load(all, words.count)),
        ...{ order, ready, room: Math.min(room, left) },
      };
      // The lead may want others since: then what was found may be made of both.
      if (Atomics.load(all, words.wanted) === generation) return found;
    }
  };

  return {
    floats: new Float32Array(memory.buffer, plan.rowsOffset, plan.rows * plan.inputs),
    wait,
    isCurrent: (part) =>
      Atomics.load(all, words.wanted) === part.generation && Atomics.load(all, words.version) === part.version,
    next: (most) => {
      for (;;) {
        const part = wait(1);
        if (part === null) return null;
        const { split, epoch } = part;
        const at = Array.from({ length: Math.min(most, part.room) }, (_, i) => part.ready + i);
        const places = at.map((i) => part.places[i]!);
        const slots = at.map((i) => (i % plan.rows) * plan.inputs);
        if (Atomics.load(all, words.wanted) === part.generation) return { split, epoch, places, slots };
      }
    },
    ready: (rows) => {
      if (Atomics.load(all, words.wanted) !== generation) return;
      ready += rows;
      Atomics.store(all, words.ready, ready);
      ringBell(all, words.readerBell);
    },
    fail: (code, message) => {
      const text = Buffer.from(JSON.stringify({ code, message: message.slice(0, mostCharacters) }));
      errorTextOf(memory, plan).set(text);
      Atomics.store(all, words.failed, text.length);
      ringBell(all, words.readerBell);
    },
    leave: () => {
      Atomics.store(all, words.left, 1);
      ringBell(all, words.readerBell);
    },
  };
};
