import { describe, expect, it } from "vitest";
import { encodeRows } from "../../../src/data/preprocessing/encode-rows.ts";
import type { Row } from "../../../src/domain/datasets/dataset.ts";
import { ServiceError } from "../../../src/domain/errors.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";

const preprocessing: Preprocessing = {
  features: [
    { type: "number", column: "age", mean: 40, scale: 10, missingIndicator: true },
    { type: "number", column: "a/b", mean: 0, scale: 1, missingIndicator: false },
    {
      type: "category",
      column: "colour",
      categories: ["blue", "green", "red"],
      unseen: ["green"],
      missingIndicator: true,
    },
  ],
  label: { type: "classes", column: "kind", classes: ["no", "yes"] },
  inputs: 7,
  outputs: 2,
};
const encode = (...rows: Row[]): number[] => [...encodeRows(preprocessing, rows)];
const errorsOf = (...rows: Row[]) => {
  try {
    encodeRows(preprocessing, rows);
  } catch (error) {
    if (error instanceof ServiceError) return { code: error.code, errors: error.errors };
    throw error;
  }
  return null;
};

describe("rows to predict", () => {
  it("are encoded as in training", () => {
    expect(encode({ age: 50, "a/b": 2, colour: "red" })).toEqual([1, 0, 2, 0, 0, 1, 0]);
    expect(encode({ age: 35, "a/b": 0, colour: "blue", kind: "yes" })).toEqual([-0.5, 0, 0, 1, 0, 0, 0]);
  });

  it("may miss cells, by null, by an empty text or by leaving the key out", () => {
    const missing = [0, 1, 0, 0, 0, 0, 1];
    expect(encode({})).toEqual(missing);
    expect(encode({ age: null, "a/b": null, colour: null })).toEqual(missing);
    expect(encode({ colour: " " })).toEqual(missing);
  });

  it("may have categories that training never saw: all zeros", () => {
    expect(encode({ age: 40, "a/b": 0, colour: "purple" })).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(encode({ age: 40, "a/b": 0, colour: "green" })).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  it("are refused cell by cell, each with its pointer", () => {
    expect(errorsOf({ age: 1 }, { age: "abc", "a/b": true }, { colour: "red", coluor: "x" })).toEqual({
      code: "invalid",
      errors: [
        { pointer: "/rows/1/age", detail: 'must be a number, or null if it is missing; got "abc"' },
        { pointer: "/rows/1/a~1b", detail: "must be a number, or null if it is missing; got true" },
        { pointer: "/rows/2/coluor", detail: 'the model has no feature "coluor"; did you mean "colour"?' },
      ],
    });
    expect(errorsOf({ age: "5" })?.errors[0]?.detail).toContain('got "5"');
    expect(errorsOf({ age: Number.POSITIVE_INFINITY })?.errors[0]?.detail).toContain("finite");
  });

  it("are refused with at most fifty errors", () => {
    const rows = Array.from({ length: 1000 }, () => ({ age: "x" }));
    expect(errorsOf(...rows)?.errors.length).toBe(50);
  });

  it("do not mistake what objects inherit for a cell", () => {
    const odd: Preprocessing = {
      features: [{ type: "category", column: "constructor", categories: ["a"], unseen: [], missingIndicator: true }],
      label: { type: "none" },
      inputs: 2,
      outputs: 0,
    };
    expect([...encodeRows(odd, [{}])]).toEqual([0, 1]);
  });
});
