import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSplitAssigner, type Split } from "../../../src/data/splits/split.ts";
import { splitStrata } from "../../../src/domain/jobs/spec/split-sizes.ts";

/** The splits of rows whose strata are given, in file order. */
const assignAll = (rows: readonly number[], seed: number, shares = { validation: 0.2, test: 0.2 }): Split[] => {
  const counts = Array.from(
    { length: Math.max(...rows) + 1 },
    (_, i) => rows.filter((stratum) => stratum === i).length,
  );
  const assign = createSplitAssigner(splitStrata(counts, shares), seed);
  return rows.map((stratum) => assign(stratum)!);
};

describe("the split of a data set", () => {
  const rows = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 300 });

  it("is a partition with the sizes that the counts give, class by class", () => {
    fc.assert(
      fc.property(rows, fc.nat(), (strata, seed) => {
        const splits = assignAll(strata, seed);
        const counts = Array.from({ length: Math.max(...strata) + 1 }, (_, i) => strata.filter((s) => s === i).length);
        for (const [i, sizes] of splitStrata(counts, { validation: 0.2, test: 0.2 }).entries()) {
          const mine = splits.filter((_, row) => strata[row] === i);
          expect({
            train: mine.filter((split) => split === "train").length,
            validation: mine.filter((split) => split === "validation").length,
            test: mine.filter((split) => split === "test").length,
          }).toEqual(sizes);
        }
      }),
    );
  });

  it("depends on the seed and on nothing else", () => {
    const strata = Array.from({ length: 200 }, (_, i) => i % 2);
    expect(assignAll(strata, 7)).toEqual(assignAll(strata, 7));
    expect(assignAll(strata, 7)).not.toEqual(assignAll(strata, 8));
    expect(assignAll(strata, 2 ** 40)).not.toEqual(assignAll(strata, 0));
    // The test rows stay when the validation share changes.
    const testRows = (validation: number) =>
      assignAll(strata, 7, { validation, test: 0.2 }).map((split) => split === "test");
    expect(testRows(0)).toEqual(testRows(0.3));
  });

  it("has no place for more rows than were counted", () => {
    const assign = createSplitAssigner(splitStrata([1], { validation: 0, test: 0 }), 1);
    expect([assign(0), assign(0), assign(1)]).toEqual(["train", undefined, undefined]);
  });

  it("takes each row for testing equally often", () => {
    const times = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 2000; seed++) {
      for (const [row, split] of assignAll(new Array(10).fill(0), seed).entries())
        if (split === "test") times[row]! += 1;
    }
    // 2000 draws with p = 0.2: mean 400, standard deviation 18.
    for (const count of times) expect(Math.abs(count - 400)).toBeLessThan(90);
  });
});
