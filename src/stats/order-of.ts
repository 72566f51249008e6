/** Fewer are sorted by comparison. */
const manyRows = 2048;
/** Three digits of each of a number's two words; the third has a bit less. */
const digitBits = 11;
const digits = 1 << digitBits;
const shifts = [0, digitBits, 2 * digitBits];

/** A number's bits as two words that order as the number does, the lower one first; −0 counts as 0. */
const sortKeys = (values: Float64Array): [Uint32Array, Uint32Array] => {
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
  return [low, high];
};

/** Where the rows of each digit begin. Null: all rows have the same. In functions of their own the loops are compiled early. */
const startsOf = (keys: Uint32Array, shift: number): Int32Array | null => {
  const starts = new Int32Array(digits + 1);
  for (let i = 0; i < keys.length; i++) starts[((keys[i]! >>> shift) & (digits - 1)) + 1]! += 1;
  if (starts.includes(keys.length)) return null;
  for (let digit = 0; digit < digits; digit++) starts[digit + 1]! += starts[digit]!;
  return starts;
};

/** The rows by a digit, those of the same one as they were. */
const sortByDigit = (
  order: Int32Array,
  keys: Uint32Array,
  shift: number,
  starts: Int32Array,
  out: Int32Array,
): void => {
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    const digit = (keys[row]! >>> shift) & (digits - 1);
    out[starts[digit]!] = row;
    starts[digit]! += 1;
  }
};

/** The rows by growing value, equal ones in their order: by their digits, since comparing a million rows takes seconds. No value is NaN. */
export const orderOf = (values: Float64Array): Int32Array => {
  let order: Int32Array = rowsWhere(values.length, () => true);
  if (order.length < manyRows) return order.sort((a, b) => values[a]! - values[b]! || a - b);
  let other: Int32Array = new Int32Array(order.length);
  for (const keys of sortKeys(values))
    for (const shift of shifts) {
      const starts = startsOf(keys, shift);
      if (starts === null) continue;
      sortByDigit(order, keys, shift, starts, other);
      [order, other] = [other, order];
    }
  return order;
};

/** The rows of which it holds. */
export const rowsWhere = (rows: number, holds: (row: number) => boolean): Int32Array => {
  const found = new Int32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) if (holds(row)) found[count++] = row;
  return found.subarray(0, count);
};

/** The value with so many before it, of growing ones: Hoare's selection (1961), which sorts no more than it must. No value is NaN. */
export const valueAtRank = (values: Float64Array, rank: number): number => {
  const moved = values.slice();
  let [from, to] = [0, moved.length - 1];
  while (from < to) {
    const pivot = moved[(from + to) >> 1]!;
    let [i, j] = [from, to];
    while (i <= j) {
      while (moved[i]! < pivot) i += 1;
      while (moved[j]! > pivot) j -= 1;
      if (i > j) break;
      const value = moved[i]!;
      moved[i++] = moved[j]!;
      moved[j--] = value;
    }
    if (rank <= j) to = j;
    else if (rank >= i) from = i;
    else break;
  }
  return moved[rank]!;
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

/** The values of some rows: without a function for each, of which none would be made part of the loop. */
export const gather = (values: ArrayLike<number>, rows: ArrayLike<number>): Float64Array => {
  const gathered = new Float64Array(rows.length);
  for (let i = 0; i < gathered.length; i++) gathered[i] = values[rows[i]!]!;
  return gathered;
};

export const differences = (a: Float64Array, b: Float64Array): Float64Array => {
  const out = new Float64Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i]! - b[i]!;
  return out;
};
