import { powersOfTen } from "../../columns/number-cell.ts";

/**
 * Numbers as files have them, in the 32 bits where an input will be: a sign, how many decimals, and the digits as a whole number below 2²⁷. Only what comes back to the
 * last bit is packed.
 */
const [digitBits, mostDigits, mostDecimals, missingDecimals] = [27, 2 ** 27, 14, 15];
const digitsOf = mostDigits - 1;

export const packedMissing = missingDecimals << digitBits;
/** No number packs to this. */
export const unpackable = -1;

const digitsWith = (size: number, decimals: number): number => {
  const power = powersOfTen[decimals]!;
  const digits = Math.round(size * power);
  return digits < mostDigits && digits / power === size ? digits : -1;
};

/** How many decimals the numbers of a column have had at most: with as many the next ones are tried first. */
export interface Decimals {
  most: number;
}

/** NaN is a missing number. `unpackable`: it has too many digits. */
export const packNumber = (value: number, decimals: Decimals): number => {
  if (Number.isNaN(value)) return packedMissing;
  const sign = value < 0 || Object.is(value, -0) ? 1 << 31 : 0;
  const size = Math.abs(value);
  const usual = digitsWith(size, decimals.most);
  if (usual >= 0) return sign | (decimals.most << digitBits) | usual;
  for (let count = 0; count <= mostDecimals; count++) {
    const digits = digitsWith(size, count);
    if (digits < 0) continue;
    if (count > decimals.most) decimals.most = count;
    return sign | (count << digitBits) | digits;
  }
  return unpackable;
};

export const unpackNumber = (word: number): number => {
  const decimals = (word >>> digitBits) & 15;
  if (decimals === missingDecimals) return Number.NaN;
  const size = (word & digitsOf) / powersOfTen[decimals]!;
  return word < 0 ? -size : size;
};
