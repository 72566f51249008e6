import fc from "fast-check";
import { expect, test } from "vitest";
import { orderOf, rowsWhere, valueAtRank } from "../../src/stats/order-of.ts";

const byComparison = (values: Float64Array): Int32Array =>
  Int32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]! || a - b);

test("many rows have the order that comparing them gives, equal ones in theirs", () => {
  const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0, -0, 0.5, -0.5, 1));
  const many = fc.float64Array({ minLength: 2048, maxLength: 2100, noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(fc.oneof(many, fc.array(value, { minLength: 2048, maxLength: 2100 })), (values) => {
      const doubles = Float64Array.from(values);
      expect(orderOf(doubles)).toEqual(byComparison(doubles));
    }),
    { numRuns: 4 },
  );
});

test("and so have few, and many of one value", () => {
  const few = Float64Array.of(3, -0, 0, -1, 3, Number.NEGATIVE_INFINITY);
  expect(orderOf(few)).toEqual(byComparison(few));
  const same = new Float64Array(5000).fill(0.25);
  expect(orderOf(same)).toEqual(byComparison(same));
});

test("a value is found by its rank as sorting finds it", () => {
  const value = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(0, 0.5, 1));
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), fc.nat(), (values, at) => {
      const doubles = Float64Array.from(values, (each) => each + 0);
      const rank = at % doubles.length;
      const before = doubles.slice();
      expect(valueAtRank(doubles, rank)).toBe(doubles.toSorted()[rank]);
      expect(doubles).toEqual(before);
    }),
  );
});

test("rows of which something holds keep their order", () => {
  expect(rowsWhere(7, (row) => row % 3 === 0)).toEqual(Int32Array.of(0, 3, 6));
  expect(rowsWhere(0, () => true)).toEqual(new Int32Array(0));
});
