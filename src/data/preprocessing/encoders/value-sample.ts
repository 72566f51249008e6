/** Values whose order says what the quantiles of all are; of more a sample of so many. */
const mostValues = 16_384;

/** A sample in which each value that was added is with the same chance; with no more than `mostValues`, all of them. */
export interface ValueSample {
  add(value: number): void;
  sorted(): Float64Array;
}

/** The finaliser of MurmurHash3 (32 bits): a whole number that no other maps to, and looks drawn. */
const mixed = (n: number): number => {
  let h = n | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** Vitter's algorithm R (1985), with draws that depend on how many values there were alone: the same file gives the same sample. */
export const createValueSample = (): ValueSample => {
  const kept: number[] = [];
  let count = 0;
  return {
    add: (value) => {
      count += 1;
      if (kept.length < mostValues) {
        kept.push(value);
        return;
      }
      const place = mixed(count) % count;
      if (place < mostValues) kept[place] = value;
    },
    sorted: () => Float64Array.from(kept).sort(),
  };
};
