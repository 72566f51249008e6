/** IEEE 754 half precision: 1 sign, 5 exponent, 10 fraction bits; every value is exact in single precision. */
const floatOfHalf = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

const wordsOf = (bytes: Uint8Array): Uint16Array => new Uint16Array(new Uint8Array(bytes).buffer);

/** F16, little-endian, widened. */
export const floatsOfHalf = (bytes: Uint8Array): Float32Array => {
  return Float32Array.from(wordsOf(bytes), floatOfHalf);
};

/** BF16, little-endian: the upper half of a single-precision number. */
export const floatsOfBrain = (bytes: Uint8Array): Float32Array => {
  const words = wordsOf(bytes);
  return new Float32Array(Uint32Array.from(words, (bits) => bits << 16).buffer);
};
