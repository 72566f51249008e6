import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitStrata, totalSizes } from "../../../../src/domain/jobs/spec/split-sizes.ts";

describe("the sizes of the splits", () => {
  it("are the rounded shares, the same in each class", () => {
    expect(splitStrata([50, 50, 50], { validation: 0.1, test: 0.2 })).toEqual([
      { train: 35, validation: 5, test: 10 },
      { train: 35, validation: 5, test: 10 },
      { train: 35, validation: 5, test: 10 },
    ]);
    expect(splitStrata([10], { validation: 0, test: 0.25 })).toEqual([{ train: 7, validation: 0, test: 3 }]);
  });

  it("give each wanted split a row where rows suffice, and training at least one", () => {
    expect(splitStrata([3], { validation: 0.01, test: 0.01 })).toEqual([{ train: 1, validation: 1, test: 1 }]);
    expect(splitStrata([2], { validation: 0.4, test: 0.4 })).toEqual([{ train: 1, validation: 0, test: 1 }]);
    expect(splitStrata([1], { validation: 0.4, test: 0.4 })).toEqual([{ train: 1, validation: 0, test: 0 }]);
    expect(splitStrata([1, 2, 100], { validation: 0.3, test: 0.3 }).slice(0, 2)).toEqual([
      { train: 1, validation: 0, test: 0 },
      { train: 2, validation: 0, test: 0 },
    ]);
  });

  const strata = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 12 });
  const fractions = fc.record({
    validation: fc.double({ min: 0, max: 0.45, noNaN: true }),
    test: fc.double({ min: 0, max: 0.45, noNaN: true }),
  });

  it("always add up to the rows of each class, and leave each class rows to train on", () => {
    fc.assert(
      fc.property(strata, fractions, (rows, shares) => {
        const sizes = splitStrata(rows, shares);
        for (const [i, { train, validation, test }] of sizes.entries()) {
          expect(train + validation + test).toBe(rows[i]);
          expect(Math.min(train, validation, test)).toBeGreaterThanOrEqual(0);
          expect(train).toBeGreaterThanOrEqual(1);
        }
      }),
    );
  });

  it("are within one row of the exact share in every class that is not tiny", () => {
    const large = fc.array(fc.integer({ min: 60, max: 500 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(large, fractions, (rows, shares) => {
        const sizes = splitStrata(rows, shares);
        const total = rows.reduce((a, b) => a + b, 0);
        const all = totalSizes(sizes);
        for (const split of ["validation", "test"] as const) {
          const wanted = shares[split] === 0 ? 0 : Math.max(1, Math.round(total * shares[split]));
          expect(all[split]).toBe(wanted);
          for (const [i, size] of sizes.entries()) {
            expect(Math.abs(size[split] - (wanted * rows[i]!) / total)).toBeLessThan(1);
          }
        }
      }),
    );
  });
});
