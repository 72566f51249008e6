import fc from "fast-check";
import { expect, it } from "vitest";
import { createShares, type Party } from "../../../src/domain/fairness/shares.ts";

/** Takes single places until none is given. */
const takeAll = (shares: ReturnType<typeof createShares>, party: Party): number => {
  let count = 0;
  for (; shares.mayTake(party); count++) shares.take(party);
  return count;
};

it("without keys the one party may hold everything", () => {
  const shares = createShares(32);
  expect(takeAll(shares, { tenant: "default", key: null })).toBe(32);
});

it("one key holds three quarters of its tenant's half; n tenants about 1/(n + 1) each, and the next still finds room", () => {
  const shares = createShares(32);
  expect(takeAll(shares, { tenant: "a", key: "1" })).toBe(12);
  expect(takeAll(shares, { tenant: "a", key: "2" })).toBe(3);
  const others = ["b", "c", "d"].map((tenant) => takeAll(shares, { tenant, key: "1" }));
  expect(Math.min(...others)).toBeGreaterThanOrEqual(1);
  expect(shares.mayTake({ tenant: "z", key: "1" })).toBe(true);
});

it("never more than all is held, and what was given back can be taken again", () => {
  const parties = fc.record({ tenant: fc.constantFrom("a", "b", "c"), key: fc.constantFrom("1", "2", null) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.array(parties, { maxLength: 200 }), (total, asked) => {
      const shares = createShares(total);
      const held: Party[] = [];
      for (const party of asked) {
        if (!shares.mayTake(party)) continue;
        shares.take(party);
        held.push(party);
      }
      expect(shares.used()).toBe(held.length);
      expect(held.length).toBeLessThanOrEqual(total);
      for (const party of held) shares.give(party);
      expect(shares.used()).toBe(0);
      expect(takeAll(shares, { tenant: "default", key: null })).toBe(total);
    }),
  );
});
