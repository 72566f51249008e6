import { expect, test } from "vitest";
import { statedTypes } from "../../src/cli/column-types.ts";
import { taskOf } from "../../src/cli/train.ts";

test("features are named between commas, or one by one with commas in their names", () => {
  const options = { label: "y", task: "classification" as const, features: "a, b", feature: ["c, d"] };
  const task = { type: "classification", label: "y", features: ["a", "b", "c, d"] };
  expect(taskOf(options, {}, { columns: [] })).toEqual(task);
});

test("types of a file are stated, not taken back", () => {
  expect(statedTypes(["zip=category", "a=b=text"])).toEqual({ zip: "category", "a=b": "text" });
  expect(() => statedTypes(["zip=inferred"])).toThrow(/inferred unless/);
});
