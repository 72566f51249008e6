import { checkOf, spillStarts, storedWords } from "../../../src/engine/tensor/spill-format.ts";
import type { RingPlan, SpillPlan } from "../../../src/engine/train/planning/row-sources.ts";
import type { Split } from "../../../src/engine/train/planning/training.ts";
import type { SpillFile } from "./open-spill.ts";

/** Bytes that are read at once, about. */
const blockBytes = 1024 ** 2;
/** Rows between those that are wanted are read along, up to so many of each. */
const mostBetween = 16;

export type SpillRows = Pick<RingPlan, "inputs"> & { readonly spill: SpillPlan };

/** Reads rows of a split by their places, those that stand near each other together. */
export const createNearReader = (file: SpillFile, { inputs, spill }: SpillRows) => {
  const rowWords = storedWords(inputs);
  const rowsOfBlock = Math.max(1, Math.floor(blockBytes / (4 * rowWords)));
  const bytes = new Uint8Array(4 * rowWords * rowsOfBlock);
  const words = new Int32Array(bytes.buffer);
  const starts = spillStarts(spill.rows, storedWords(inputs));

  /** Places from `first` on that one block holds, and that lie close enough; one at least. */
  const stretchOf = (places: Int32Array, first: number): number => {
    const start = places[first]!;
    let count = 1;
    while (first + count < places.length) {
      const place = places[first + count]!;
      if (place <= places[first + count - 1]! || place - start >= rowsOfBlock) break;
      count += 1;
    }
    const span = places[first + count - 1]! - start + 1;
    return span <= mostBetween * count ? count : 1;
  };

  return {
    words,
    /** Calls `each` with the place's index in `places` and where the row's inputs begin in `words`; false where a row is not what was written. */
    read: (split: Split, places: Int32Array, each: (index: number, from: number) => void): boolean => {
      const rows = spill.rows[split];
      for (let first = 0; first < places.length; ) {
        const start = places[first]!;
        const count = stretchOf(places, first);
        const end = places[first + count - 1]! + 1;
        if (start < 0 || end > rows) return false;
        file.read(bytes.subarray(0, 4 * rowWords * (end - start)), starts[split] + 4 * rowWords * start);
        for (let i = first; i < first + count; i++) {
          const from = (places[i]! - start) * rowWords;
          if (checkOf(words, from, inputs, places[i]!) !== words[from + inputs]) return false;
          each(i, from);
        }
        first += count;
      }
      return true;
    },
  };
};
