/** Fewer are sorted by comparison. */
const manyRows = 2048;
const [digitBits, passes] = [11, 6];
const digits = 1 << digitBits;

/** A number's bits as two words that order as the number does; −0 counts as 0. */
const sortKeys = (values: Float64Array): { low: Uint32Array; high: Uint32Array } => {
  const { length } = values;
  const [low, high] = [new Uint32Array(length), new Uint32Array(length)];
  const one = new Float64Array(1);
  const words = new Uint32Array(one.buffer);
  for (let i = 0; i < length; i++) {
    one[0] = values[i]! + 0;
    const [l, h] = [words[0]!, words[1]!];
    const isNegative = h >>> 31 === 1;
    low[i] = isNegative ? ~l : l;
    high[i] = isNegative ? ~h : h | 0x80000000;
  }
  return { low, high };
};

/** Bits 11 · pass … of the 64. */
const digitAt = (low: number, high: number, pass: number): number => {
  const shift = digitBits * pass;
  if (shift >= 32) return (high >>> (shift - 32)) & (digits - 1);
  return shift + digitBits <= 32
    ? (low >>> shift) & (digits - 1)
    : ((low >>> shift) | (high << (32 - shift))) & (digits - 1);
};

/** The rows by growing value, equal ones in their order: by their digits, since comparing a million rows takes seconds. No value is NaN. */
export const orderOf = (values: Float64Array): Int32Array => {
  const { length } = values;
  let order = new Int32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  if (length < manyRows) return order.sort((a, b) => values[a]! - values[b]! || a - b);
  const { low, high } = sortKeys(values);
  let other = new Int32Array(length);
  for (let pass = 0; pass < passes; pass++) {
    const starts = new Int32Array(digits + 1);
    for (let i = 0; i < length; i++) starts[digitAt(low[i]!, high[i]!, pass) + 1]! += 1;
    if (starts.includes(length)) continue;
    for (let digit = 0; digit < digits; digit++) starts[digit + 1]! += starts[digit]!;
    for (let i = 0; i < length; i++) {
      const row = order[i]!;
      const digit = digitAt(low[row]!, high[row]!, pass);
      other[starts[digit]!] = row;
      starts[digit]! += 1;
    }
    [order, other] = [other, order];
  }
  return order;
};

/** How many of a growing list come before what is looked for. */
export const countBefore = (growing: ArrayLike<number>, isBefore: (value: number) => boolean): number => {
  let [low, high] = [0, growing.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(growing[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** A double of each element: `from` of typed arrays goes through an iterator, which a million rows feel. */
export const doublesOf = (
  elements: ArrayLike<number>,
  of: (element: number, index: number) => number,
): Float64Array => {
  const doubles = new Float64Array(elements.length);
  for (let i = 0; i < doubles.length; i++) doubles[i] = of(elements[i]!, i);
  return doubles;
};
