import { describe, expect, test } from "vitest";
import { ServiceError } from "../../src/domain/errors.ts";
import { createSpecErrors } from "../../src/domain/jobs/spec/spec-errors.ts";
import type { Space } from "../../src/domain/studies/space.ts";
import { propose } from "../../src/search/propose.ts";
import { readSpace } from "../../src/search/read-space.ts";
import { fromValues, toValues } from "../../src/search/values.ts";

const faultsOf = (space: unknown): string[] => {
  const errors = createSpecErrors();
  readSpace(space as Space, errors);
  try {
    errors.throwIfAny("invalid");
  } catch (error) {
    if (error instanceof ServiceError) return error.errors.map(({ pointer, detail }) => `${pointer} ${detail}`);
    throw error;
  }
  return [];
};

const space: Space = {
  "/model": {
    choices: [
      { type: "softmax" },
      {
        type: "mlp",
        hidden: [{ min: 4, max: 64, type: "integer" }, 8],
        dropout: { choices: [0, { min: 0.1, max: 0.5 }] },
      },
    ],
  },
  "/optimizer/learningRate": { min: 0.001, max: 0.1, scale: "log" },
};

describe("a space", () => {
  test("is read with its conditional parameters, parents first", () => {
    const dimensions = readSpace(space, createSpecErrors());
    expect(dimensions.map(({ name, when }) => [name, when?.name ?? null])).toEqual([
      ["/model", null],
      ["/model/1/hidden/0", "/model"],
      ["/model/1/dropout", "/model"],
      ["/model/1/dropout/1", "/model/1/dropout"],
      ["/optimizer/learningRate", null],
    ]);
  });

  test("puts whole values into a job, and finds their point again", () => {
    const dimensions = readSpace(space, createSpecErrors());
    for (let number = 0; number < 50; number++) {
      const point = propose({ type: "random" }, dimensions, { seed: 4, number, outcomes: [] });
      const values = toValues(space, point);
      expect(Object.keys(values)).toEqual(["/model", "/optimizer/learningRate"]);
      expect(fromValues(space, dimensions, JSON.parse(JSON.stringify(values)))).toEqual({ point });
    }
    expect(toValues(space, { "/model": 0, "/optimizer/learningRate": 0.01 })).toEqual({
      "/model": { type: "softmax" },
      "/optimizer/learningRate": 0.01,
    });
    expect(fromValues(space, dimensions, { "/model": { type: "mlp", hidden: [3, 8], dropout: 0 }, "/x": 1 })).toEqual({
      missing: ["/optimizer/learningRate"],
      foreign: ["/x", "/model"],
    });
  });

  test.each([
    [{}, "/space must have at least one parameter"],
    [{ "optimizer/learningRate": { min: 0, max: 1 } }, "/space/optimizer~1learningRate must be a JSON pointer"],
    [{ "/a": { min: 2, max: 1 } }, "/space/~1a/min must be at most max, 1"],
    [{ "/a": { min: 0, max: 1, scale: "log" } }, "/space/~1a/min must be > 0 on a log scale"],
    [{ "/a": { min: 0.5, max: 1, type: "integer" } }, "/space/~1a min, max and step of an integer must be integers"],
    [{ "/a": { min: 1, max: 2, scale: "log", step: 0.1 } }, "/space/~1a/step a log scale has no step"],
    [{ "/a": { min: 1, max: 2, steps: 3 } }, "/space/~1a "],
    [{ "/a": { choices: [] } }, "/space/~1a/choices "],
    [{ "/a": { choices: [{ b: { min: 3, max: 1 } }] } }, "/space/~1a/choices/0/b/min must be at most max, 1"],
    [{ "/model": { choices: [1] }, "/model/hidden": { choices: [1] } }, "/space/~1model~1hidden lies inside /model"],
    [
      { "/dataset": { choices: ["ds_1"] } },
      "/space/~1dataset cannot be searched: all trials learn from the same data set",
    ],
    [
      { "/training": { choices: [{ epochs: 2 }, { epochs: 4, split: { seed: 2 } }] } },
      "/space/~1training cannot be searched: a choice would replace the split, too; name its parts",
    ],
    [{ "": { choices: [{}] } }, "/space/ cannot be searched: a whole job cannot be chosen"],
    [{ "/training/seed": { min: 1, max: 9, type: "integer" } }, "/space/~1training~1seed cannot be searched"],
    [{ "/task/features": { choices: [["a"]] } }, "/space/~1task~1features cannot be searched"],
  ])("%j is refused where it is wrong", (wrong, fault) => {
    expect(
      faultsOf(wrong).some((each) => each.startsWith(fault)),
      faultsOf(wrong).join("; "),
    ).toBe(true);
  });
});
