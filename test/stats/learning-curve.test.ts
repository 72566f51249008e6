import { expect, test } from "vitest";
import { curveNote, learningCurve } from "../../src/stats/learning-curve.ts";

/** Losses of 40 rows, all of them by so much. */
const fitted = (trainRows: number, loss: number) => {
  const losses = Float64Array.from({ length: 40 }, (_, row) => loss + ((row * (trainRows % 7)) % 7) / 70);
  return { trainRows, fault: null, columns: { losses, scores: losses } };
};
const noteOf = (...fits: ReturnType<typeof fitted>[]): string =>
  curveNote(learningCurve(fits, { measure: "squared_error", classes: false }, null))[0]!.message;

test("what the last doubling of the rows has brought is said in words that fit its sign", () => {
  const better = noteOf(fitted(50, 3), fitted(100, 2), fitted(200, 1));
  expect(better).toMatch(/^from 100 to 200 training rows the mean squared error of a row got better by /);
  expect(better).toMatch(/: more rows are likely to help still/);
  const worse = noteOf(fitted(100, 1), fitted(200, 2));
  expect(worse).toMatch(/ got worse by [^-]*: the model of fewer rows/);
  expect(noteOf(fitted(100, 1), fitted(200, 1))).toMatch(/these 40 test rows cannot tell/);
  for (const said of [better, worse]) {
    const [value, lower, upper] = (/by ([\d.]+) \(([\d.]+) to ([\d.]+)\)/.exec(said) ?? []).slice(1).map(Number);
    expect(value).toBeCloseTo(1, 1);
    expect(lower).toBeLessThan(value!);
    expect(upper).toBeGreaterThan(value!);
  }
});

test("an interval that is beyond numbers is left out of the words", () => {
  const said = noteOf(fitted(100, 1e300), fitted(200, 1e299));
  expect(said).toMatch(/got better by 9e\+299: /);
});

test("one point says nothing of more rows, nor does one that could not be fitted", () => {
  const missing = { trainRows: 100, columns: null, fault: "why" };
  const curve = (...fits: Parameters<typeof learningCurve>[0]) =>
    learningCurve(fits, { measure: "squared_error", classes: false }, null);
  expect(curveNote(curve(fitted(200, 1)))).toEqual([]);
  expect(curveNote(curve(missing, fitted(200, 1)))).toEqual([]);
  expect(curve(missing, fitted(200, 1)).points).toMatchObject([
    { loss: null, fault: "why" },
    { gain: null, fault: null },
  ]);
});
