/** Hashes of 53 bits, 0 and more, in a table with a free place for each (open addressing): a million in a Set would take several times as long. */
export interface HashSet {
  /** Where it stands; −1: nowhere. */
  find(hash: number): number;
  /** False where it was there before. */
  add(hash: number): boolean;
  /** Where hashes stand at most, and one more. */
  readonly places: number;
}

const free = -1;

/** @param most so many may be added */
export const createHashSet = (most: number): HashSet => {
  const places = 2 ** Math.ceil(Math.log2(2 * most + 1));
  const table = new Float64Array(places).fill(free);
  const placeOf = (hash: number): number => {
    // The upper 32 bits are mixed as well as the lower ones.
    let at = (hash / 2 ** 21) & (places - 1);
    while (table[at] !== free && table[at] !== hash) at = (at + 1) & (places - 1);
    return at;
  };
  return {
    places,
    find: (hash) => {
      const at = placeOf(hash);
      return table[at] === free ? -1 : at;
    },
    add: (hash) => {
      const at = placeOf(hash);
      if (table[at] === hash) return false;
      table[at] = hash;
      return true;
    },
  };
};

/** How many of these are like no earlier one. */
export const countDistinct = (hashes: Float64Array): number => {
  const known = createHashSet(hashes.length);
  let distinct = 0;
  for (let i = 0; i < hashes.length; i++) if (known.add(hashes[i]!)) distinct += 1;
  return distinct;
};

/** Of the two words that a hash is made of: primes of FNV-1a (Fowler, Noll & Vo) and another, by which equal pairs for different rows are not met with. */
export const [firstPrime, secondPrime] = [0x01000193, 0x85ebca6b | 0];
export const hashBasis = 0x811c9dc5 | 0;

/** Both words as one number. */
export const joinWords = (a: number, b: number): number => (a >>> 0) * 2 ** 21 + (b >>> 11);
