import { describe, expect, test } from "vitest";
import { intervalWithin, objectiveRange } from "../../../src/domain/studies/objective-range.ts";

const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
const same = (score: number): number => score;

describe("the interval of an objective", () => {
  test.each([
    ["validationLoss", "cross_entropy", 0, high],
    ["validationLoss", "huber", 0, high],
    // A density may be above 1, and ln y! is no part of the Poisson loss.
    ["validationLoss", "gaussian_nll", low, high],
    ["validationLoss", "poisson_nll", low, high],
    ["validationLoss", null, low, high],
    ["validationAccuracy", "cross_entropy", 0, 1],
    ["validationR2", "mean_squared_error", low, 1],
    ["validationMeanSquaredError", null, 0, high],
    ["validationRootMeanSquaredError", null, 0, high],
  ] as const)("of %s with %s lies between %d and %d", (metric, loss, least, most) => {
    expect(objectiveRange(metric, loss)).toEqual({ least, most });
    const { lower, upper } = intervalWithin({ lower: -5, upper: 5 }, same, { least, most });
    expect([lower, upper]).toEqual([Math.max(-5, least), Math.min(5, most)]);
  });

  test("goes from its lower end to its upper one, also where more is better, and knows no end that is not known", () => {
    const accuracy = objectiveRange("validationAccuracy", "cross_entropy");
    expect(intervalWithin({ lower: -0.1, upper: 0.4 }, (error) => 1 - error, accuracy)).toEqual({
      lower: 0.6,
      upper: 1,
    });
    expect(intervalWithin({ lower: null, upper: null }, same, accuracy)).toEqual({ lower: null, upper: null });
  });
});
