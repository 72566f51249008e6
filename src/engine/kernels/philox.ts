/**
 * Philox 4×32-10, a counter-based generator (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): the words are a
 * function of key and counter alone, so nothing has to be kept, replayed or shared. The same bits as the kernels of families/random.ts.
 */

/** What a stream of random numbers is for: the number is part of the counter. */
export interface RandomKey {
  readonly seedLow: number;
  readonly seedHigh: number;
  /** One u32 for each use: initial weights of layer 3, shuffles, dropout of layer 1, … */
  readonly purpose: number;
  /** Position in a series: epoch, step, trial; up to 2⁵³ − 1. */
  readonly index: number;
}

/** A u32 seed pair from a whole number of up to 53 bits. */
export const seedWords = (seed: number): { seedLow: number; seedHigh: number } => ({
  seedLow: seed >>> 0,
  seedHigh: Math.floor(seed / 4294967296) >>> 0,
});

/** High word of the 64-bit product of two u32. */
const multiplyHigh = (a: number, b: number): number => {
  const [a0, a1, b0, b1] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const carry = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + Math.floor(middle / 65536) + Math.floor(carry / 65536)) >>> 0;
};

export type Block = readonly [number, number, number, number];

/** One block, into `out`: four u32 words for the counter that stands there and a key of two. */
const philoxRounds = (out: Uint32Array, keyLow: number, keyHigh: number): void => {
  let [c0, c1, c2, c3] = [out[0]!, out[1]!, out[2]!, out[3]!];
  let [k0, k1] = [keyLow, keyHigh];
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low0 = Math.imul(0xd2511f53, c0) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = Math.imul(0xcd9e8d57, c2) >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
};

/** One block: four u32 words for a counter of four words and a key of two. */
export const philox4x32 = (counter: Block, key: readonly [number, number]): Block => {
  const words = Uint32Array.from(counter);
  philoxRounds(words, key[0], key[1]);
  return [words[0]!, words[1]!, words[2]!, words[3]!];
};

/** A stream of words for one key; word e is element e of the kernel of the same key. */
export const createRandomStream = ({ seedLow, seedHigh, purpose, index }: RandomKey) => {
  const [indexLow, indexHigh] = [index >>> 0, Math.floor(index / 4294967296) >>> 0];
  let position = 0;
  const block = new Uint32Array(4);

  /** The next u32. */
  const uint32 = (): number => {
    const lane = position & 3;
    if (lane === 0) {
      block[0] = position / 4;
      block[1] = purpose;
      block[2] = indexLow;
      block[3] = indexHigh;
      philoxRounds(block, seedLow, seedHigh);
    }
    position += 1;
    return block[lane]!;
  };
  /** The next number in [0, 1), a multiple of 2⁻²⁴, as randomUniform makes it. */
  const uniform = (): number => (uint32() >>> 8) / 16777216;
  /**
   * A whole number in [0, bound), each equally likely: words above the largest multiple of the bound are drawn again. bound ≤ 2³². The quotient's floor is exact, since
   * word and bound are below 2³²; a remainder by % of such doubles takes many times as long.
   */
  const below = (bound: number): number => {
    for (;;) {
      const word = uint32();
      const multiple = Math.floor(word / bound) * bound;
      if (multiple + bound <= 4294967296) return word - multiple;
    }
  };
  return { uint32, uniform, below };
};

/** Shuffles in place (Fisher & Yates 1938, Durstenfeld's form): each order equally likely. */
export const shuffle = <T extends { [i: number]: number; length: number }>(items: T, key: RandomKey): T => {
  const stream = createRandomStream(key);
  for (let i = items.length - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    const item = items[i] as number;
    items[i] = items[j] as number;
    items[j] = item;
  }
  return items;
};

/** A random permutation of 0 … count − 1. */
export const permutation = (count: number, key: RandomKey): Int32Array => {
  const order = new Int32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  return shuffle(order, key);
};
