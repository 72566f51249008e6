import { expect, test } from "vitest";
import { placesOf } from "../../src/web/page/epoch-places.ts";

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
