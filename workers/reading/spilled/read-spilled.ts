import { closeSync } from "node:fs";
import type { RingReader, WantedPart } from "../../../src/engine/train/ring/ring-reader.ts";
import { createNearReader } from "./near-rows.ts";
import { openSpill } from "./open-spill.ts";
import { createSorter, type Sorted, type SpillRing } from "./sort-rows.ts";

/** Rows that are told of at once, at most: the lead waits for the first of them. */
const mostAtOnce = 4096;
/** And at least, where there are so many. */
const leastAtOnce = 1024;

/** Whether rows are wanted as they stand in the file, some perhaps left out. */
const isAscending = (places: Int32Array): boolean => {
  for (let i = 1; i < places.length; i++) if (places[i]! <= places[i - 1]!) return false;
  return true;
};

/**
 * Reads encoded rows into a job's ring until it is closed. Rows in file order are read as they stand there; those of an epoch's order are sorted into it first, in one
 * pass over the file, because a disk reads rows one by one a hundred times more slowly. Once open the file has no name any more: nothing is left of it, whatever ends this process.
 */
export const readSpilled = (plan: SpillRing, ring: RingReader, path: string): void => {
  const file = openSpill(path);
  try {
    const words = new Int32Array(ring.floats.buffer, ring.floats.byteOffset, ring.floats.length);
    const near = createNearReader(file, plan);
    const sorter = createSorter(file, plan, words);
    const { inputs, rows } = plan;
    const readNear = (part: WantedPart): number | null => {
      const places = part.places.slice(part.ready, part.ready + Math.min(part.room, mostAtOnce));
      const isGood = near.read(part.split, places, (row, from) => {
        const slot = ((part.ready + row) % rows) * inputs;
        for (let word = 0; word < inputs; word++) words[slot + word] = near.words[from + word]!;
      });
      return isGood ? places.length : null;
    };
    let generation = 0;
    let sorted: Sorted | null = null;
    for (;;) {
      // A part of an order is put as a whole.
      const part = ring.wait(sorted === null ? Math.min(leastAtOnce, sorter.partRows) : sorter.partRows);
      if (part === null) return;
      if (generation !== part.generation) {
        sorted = isAscending(part.places) ? null : sorter.sort(part);
        generation = part.generation;
      }
      const put = sorted === null ? readNear(part) : sorter.put(part, sorted);
      if (put !== null) ring.ready(put);
      // Places that are being put into another order are no damage.
      else if (ring.isCurrent(part)) throw file.damaged();
    }
  } finally {
    closeSync(file.descriptor);
  }
};
