import { alignUp } from "./layout.ts";

/** A buffer that is wanted from time `first` to time `last`, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface ArenaLayout {
  /** Offset of each lifetime within the arena, in the order given. */
  readonly offsets: readonly number[];
  readonly bytes: number;
}

/**
 * Places buffers so that two whose lifetimes meet never overlap, in little memory: largest first, each at the lowest gap that fits
 * (Pisarchyk & Lee 2020, "greedy by size").
 */
export const placeLifetimes = (lifetimes: readonly Lifetime[]): ArenaLayout => {
  const offsets = lifetimes.map(() => 0);
  const order = lifetimes.map((_, index) => index).sort((a, b) => lifetimes[b]!.bytes - lifetimes[a]!.bytes || a - b);
  const placed: number[] = []; // indices, in order of offset
  let bytes = 0;
  for (const index of order) {
    const wanted = lifetimes[index]!;
    let offset = 0;
    for (const other of placed) {
      const taken = lifetimes[other]!;
      if (taken.last < wanted.first || wanted.last < taken.first) continue;
      if (offset + wanted.bytes <= offsets[other]!) break;
      offset = Math.max(offset, alignUp(offsets[other]! + taken.bytes));
    }
    offsets[index] = offset;
    bytes = Math.max(bytes, alignUp(offset + wanted.bytes));
    const at = placed.findIndex((other) => offsets[other]! > offset);
    placed.splice(at < 0 ? placed.length : at, 0, index);
  }
  return { offsets, bytes };
};
