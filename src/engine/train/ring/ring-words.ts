/**
 * The words by which the lead and the reader of a ring agree, as indices into an Int32Array at its `wordsOffset`. What the lead writes and what the reader
 * writes lie on lines of their own. A bell is rung after each change that the other may wait for: who waits has read it before it looked.
 */
export const words = {
  /** Of the lead: which order of rows is wanted, counted up by two; odd while the words after it change. */
  wanted: 0,
  split: 1,
  /** The epoch whose changes the rows have; −1: none. */
  epoch: 2,
  /** Where the places of the rows stand, as an index of 32-bit words of the memory, and how many. */
  order: 3,
  count: 4,
  /** Rows of this order that are given back. */
  taken: 5,
  leadBell: 6,
  closed: 7,
  /** How often the training rows were put into another order. */
  version: 8,
  /** Of the reader: the order that it serves, and rows of it that lie in the ring or did. */
  served: 16,
  ready: 17,
  readerBell: 18,
  /** Bytes of the text of the error that it ended with. */
  failed: 19,
  /** It has returned, or is about to, and touches the memory no more. */
  left: 20,
} as const;

const wordBytes = 128;
export const errorTextBytes = 2048;
export const ringBytes = wordBytes + errorTextBytes;
/** Of a row. */
export const digestBytes = 16;

export const ringSplits = ["train", "validation", "test"] as const;

interface RingPlace {
  readonly wordsOffset: number;
}

export const wordsOf = (memory: WebAssembly.Memory, { wordsOffset }: RingPlace): Int32Array<ArrayBufferLike> =>
  new Int32Array(memory.buffer, wordsOffset, wordBytes / 4);

export const errorTextOf = (memory: WebAssembly.Memory, { wordsOffset }: RingPlace): Uint8Array =>
  new Uint8Array(memory.buffer, wordsOffset + wordBytes, errorTextBytes);

export const ringBell = (all: Int32Array, bell: number): void => {
  Atomics.add(all, bell, 1);
  Atomics.notify(all, bell);
};
