import { describe, expect, it } from "vitest";
import { decodeOutputs } from "../../../src/data/preprocessing/decode-outputs.ts";
import type { LabelTransform, Preprocessing } from "../../../src/domain/models/model.ts";

const preprocessing = (label: LabelTransform, outputs: number): Preprocessing => ({
  features: [],
  label,
  inputs: 0,
  outputs,
});
const classes = (names: string[], outputs: number) =>
  preprocessing({ type: "classes", column: "y", classes: names }, outputs);

describe("a network's outputs", () => {
  it("become the most probable class, the first among equals, with the probability of each", () => {
    expect(decodeOutputs(classes(["a", "b", "c"], 3), Float32Array.of(0.25, 0.5, 0.25, 0.5, 0.5, 0))).toEqual([
      { label: "b", probabilities: { a: 0.25, b: 0.5, c: 0.25 } },
      { label: "a", probabilities: { a: 0.5, b: 0.5, c: 0 } },
    ]);
  });

  it("may be one probability, that of the second of two classes", () => {
    expect(decodeOutputs(classes(["no", "yes"], 1), Float32Array.of(0.75, 0.25))).toEqual([
      { label: "yes", probabilities: { no: 0.25, yes: 0.75 } },
      { label: "no", probabilities: { no: 0.75, yes: 0.25 } },
    ]);
  });

  it("become values on the label's own scale", () => {
    const label = { type: "number", column: "y", mean: 100, scale: 20 } as const;
    expect(decodeOutputs(preprocessing(label, 1), Float32Array.of(0, -1.5))).toEqual([{ value: 100 }, { value: 70 }]);
    // Mean and log variance: the value is the mean.
    expect(decodeOutputs(preprocessing(label, 2), Float32Array.of(1, 9))).toEqual([{ value: 120 }]);
  });
});
