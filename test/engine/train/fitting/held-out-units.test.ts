import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { holdOutUnits } from "../../../../src/engine/train/fitting/trials/held-out-units.ts";
import type { SearchPlan } from "../../../../src/engine/train/planning/plan-search.ts";

const searchOf = (trainRows: number, holdOutRows: number, folds: number): SearchPlan => ({
  ...{ l2s: [1], start: 0, folds, trainRows, holdOutRows, stepsPerEpoch: 1, stepsPerTrial: 1 },
  ...{ steps: 1, usualSteps: 1 },
  ...{ programs: [], judge: { full: 0, rest: 0 } },
});

describe("training rows that belong together", () => {
  const cases = fc
    .record({ units: fc.array(fc.nat(9), { minLength: 12, maxLength: 80 }), share: fc.constantFrom(0.1, 0.2, 0.5) })
    .filter(({ units }) => new Set(units).size > 1);

  test("are on one side of a trial, which has as many rows as its programs are made for", () => {
    fc.assert(
      fc.property(
        cases,
        fc.constantFrom("random" as const, "latest" as const),
        fc.nat(2),
        ({ units, share }, order, fold) => {
          const held = Math.max(1, Math.round(share * units.length));
          const search = searchOf(units.length - held, held, 3);
          const of = Int32Array.from(units);
          const { train, holdOut } = holdOutUnits(search, 5, order === "latest" ? 0 : fold, { of, order });
          expect([train.length, holdOut.length]).toEqual([search.trainRows, search.holdOutRows]);
          const seen = new Set(Array.from(train, (row) => units[row]));
          expect(Array.from(holdOut).filter((row) => seen.has(units[row]))).toEqual([]);
          if (order === "latest") {
            const youngest = Math.max(...Array.from(train, (row) => units[row]!));
            expect(Math.min(...Array.from(holdOut, (row) => units[row]!))).toBeGreaterThan(youngest);
          }
        },
      ),
    );
  });

  test("of one unit alone are on both sides, as there is no other way", () => {
    const { train, holdOut } = holdOutUnits(searchOf(6, 4, 1), 1, 0, { of: new Int32Array(10), order: "random" });
    expect([train.length, holdOut.length]).toEqual([6, 4]);
  });
});
