import { expect, test } from "vitest";
import { placesOf } from "../../src/web/page/jobs/epoch-places.ts";

const point = (epoch: number, step: number) => ({ epoch, step });

test("points within an epoch stand apart, and its last one at its end", () => {
  expect(placesOf([point(1, 50), point(1, 100), point(2, 150), point(2, 200)], 100)).toEqual([0.5, 1, 1.5, 2]);
});

test("in the first epoch the planned steps tell how far it is", () => {
  expect(placesOf([point(1, 25), point(1, 50)], 100)).toEqual([0.25, 0.5]);
});

test("a fold's epochs have fewer steps than those of all rows", () => {
  expect(placesOf([point(1, 80), point(2, 160), point(3, 240)], 100)).toEqual([1, 2, 3]);
});

test("steps of a search for the penalty come before the first epoch", () => {
  const found = [1, 2, 3, 4].map((epoch) => point(epoch, 28_056 + 23 * epoch));
  expect(placesOf(found, 23)).toEqual([1, 2, 3, 4]);
  expect(placesOf(found.slice(0, 2), 23)).toEqual([1, 2]);
  expect(placesOf(found.slice(0, 1), 23)).toEqual([1]);
});

test("the last epoch may not be over, and thinned out epochs may be missing", () => {
  expect(placesOf([point(1, 100), point(2, 130)], 100)).toEqual([1, 1.3]);
  expect(placesOf([point(1, 100), point(3, 300), point(5, 500), point(6, 520)], 100)).toEqual([1, 3, 5, 5.2]);
  expect(placesOf([], 100)).toEqual([]);
});
