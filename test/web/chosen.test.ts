import { describe, expect, test } from "vitest";
import type { Comparison } from "../../src/domain/models/comparison.ts";
import { measureWords } from "../../src/domain/models/parts/measure-words.ts";
import * as page from "../../src/web/page/measure-words.ts";
import { titleOf, trainedWords, verdictOf } from "../../src/web/page/registry/chosen.ts";

const comparisonOf = (difference: { value: number; lower: number | null; upper: number | null }, tied: boolean) =>
  ({
    measure: "squared_error",
    models: [{ model: "mdl_1" }, { model: "mdl_2" }],
    differences: [{ model: "mdl_1", other: "mdl_2", difference, tied }],
  }) as unknown as Comparison;

const titles = new Map([["mdl_1", titleOf({ name: "flowers", version: 2 })]]);

test("rows held out are no rows that a model was trained on, and of another file nothing is promised", () => {
  expect(trainedWords({ heldOut: false }, { trainedOnIt: true })).toBe("on this data set");
  expect(trainedWords({ heldOut: true }, { trainedOnIt: true })).toBe("on other rows of this data set");
  for (const heldOut of [true, false])
    expect(trainedWords({ heldOut }, { trainedOnIt: false })).toBe("on another file; not checked row by row");
});

describe("a comparison in a sentence", () => {
  test("names the better model, by its id where its title is not known", () => {
    expect(verdictOf(comparisonOf({ value: 0.5, lower: 0.25, upper: 0.75 }, false), titles)).toBe(
      "flowers, version 2 is better than mdl_2 (squared error of a row: difference 0.5, 95 % interval 0.25 to 0.75).",
    );
  });

  test("says where rows cannot tell models apart, and gives no interval where there is none", () => {
    expect(verdictOf(comparisonOf({ value: 0, lower: null, upper: null }, true), titles)).toBe(
      "These rows cannot tell the two apart (squared error of a row: difference 0).",
    );
  });

  test("of one model says that it is alone", () => {
    const alone = { measure: "log_likelihood", models: [{ model: "mdl_1" }], differences: [] };
    expect(verdictOf(alone as unknown as Comparison, titles)).toBe("flowers, version 2 by itself.");
  });
});

test("models of earlier versions of the service have no number", () => {
  expect(titleOf({ name: "flowers" })).toBe("flowers");
});

test("the page has the same words for what is measured as the service's own pages and notes", () => {
  expect(page.measureWords).toEqual(measureWords);
});
