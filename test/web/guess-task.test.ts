import { describe, expect, test } from "vitest";
import { guessLabel, guessTask } from "../../src/client/guess-task.ts";
import type { Column } from "../../src/domain/datasets/dataset.ts";

const numbers = (values: readonly string[], distinct: number | null = values.length): Column => ({
  name: "y",
  type: "number",
  missing: 0,
  distinct,
  categories: values.map((value) => ({ value, count: 1 })),
});

describe("the form's guess", () => {
  test("a category is classified", () => {
    expect(guessTask({ name: "species", type: "category", missing: 0, distinct: 3 })).toBe("classification");
  });

  test("a number with few whole values is classified, as a digit is", () => {
    expect(guessTask(numbers(["0", "1", "2"]))).toBe("classification");
  });

  test("other numbers are a regression", () => {
    expect(guessTask(numbers(["0.5", "1.5"]))).toBe("regression");
    expect(guessTask(numbers([], 214))).toBe("regression");
    expect(guessTask(numbers([], null))).toBe("regression");
  });

  test("the label is the last column", () => {
    expect(guessLabel([{ ...numbers([]), name: "x" }, numbers([])])).toBe("y");
    expect(guessLabel([])).toBe("");
  });
});
