import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { missingNumber, notANumber, parseNumber } from "../../../src/data/columns/number-cell.ts";

const read = (cell: string): number => parseNumber(Buffer.from(cell), 0, Buffer.byteLength(cell));

describe("a cell of a number column", () => {
  it("is the correctly rounded double, however it is written", () => {
    const decimal = fc
      .tuple(
        fc.constantFrom("", "-", "+"),
        fc.stringMatching(/^\d{0,25}$/),
        fc.stringMatching(/^\d{1,30}$/),
        fc.constantFrom("", "e5", "E-7", "e+30"),
      )
      .map(([sign, whole, fraction, exponent]) => `${sign}${whole}.${fraction}${exponent}`);
    fc.assert(
      fc.property(decimal, (text) => {
        expect(read(text)).toBe(Number(text));
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(read(String(value))).toBe(Number(String(value)));
        expect(read(value.toFixed(3))).toBe(Number(value.toFixed(3)));
      }),
    );
  });

  it.each(["5", " 5\t", "5.", "05", "5e0", "+5"])("may be written %j", (text) => expect(read(text)).toBe(5));
  it.each(["", "  ", "NA", "na", "NaN", "null", "N/A"])("is missing when it is %j", (text) =>
    expect(read(text)).toBe(missingNumber),
  );
  it.each(["abc", "0x10", "1e", "1,5", "Infinity", "-inf", "1e999", "1 2", ".", "-", "--1", "1.2.3", "nah", "5e", "٣"])(
    "is text when it is %j",
    (text) => expect(read(text)).toBe(notANumber),
  );
});
