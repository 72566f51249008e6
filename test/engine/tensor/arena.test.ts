import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeLifetimes } from "../../../src/engine/tensor/arena.ts";
import { alignmentBytes } from "../../../src/engine/tensor/layout.ts";

const lifetime = fc
  .record({ bytes: fc.integer({ min: 1, max: 5000 }), first: fc.nat(30), length: fc.nat(10) })
  .map(({ bytes, first, length }) => ({ bytes, first, last: first + length }));

describe("the arena", () => {
  it("never lets two buffers overlap that live at the same time, and keeps them aligned", () => {
    fc.assert(
      fc.property(fc.array(lifetime, { maxLength: 40 }), (lifetimes) => {
        const { offsets, bytes } = placeLifetimes(lifetimes);
        lifetimes.forEach((a, i) => {
          expect(offsets[i]! % alignmentBytes).toBe(0);
          expect(offsets[i]! + a.bytes).toBeLessThanOrEqual(bytes);
          lifetimes.slice(0, i).forEach((b, j) => {
            const apart = a.last < b.first || b.last < a.first;
            const disjoint = offsets[i]! + a.bytes <= offsets[j]! || offsets[j]! + b.bytes <= offsets[i]!;
            expect(apart || disjoint).toBe(true);
          });
        });
      }),
    );
  });

  it("uses the memory of dead buffers again", () => {
    const chain = Array.from({ length: 10 }, (_, index) => ({ bytes: 1024, first: index, last: index + 1 }));
    expect(placeLifetimes(chain).bytes).toBe(2048);
  });
});
