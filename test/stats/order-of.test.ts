import fc from "fast-check";
import { expect, test } from "vitest";
import { orderOf } from "../../src/stats/order-of.ts";

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
