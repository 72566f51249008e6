import { describe, expect, it } from "vitest";
import { JobSpec, type ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { planSpec } from "../../../workers/planning/plan-spec.ts";
import { planKey } from "../../../workers/planning/planner.ts";

const shape = { trainRows: 103, validationRows: 11, testRows: 17, inputs: 4, outputs: 3 };
const base = {
  name: "a",
  dataset: "ds_00000000000000000000000000",
  task: { type: "classification", label: "y" },
  model: { type: "mlp", hidden: [8] },
  loss: { type: "cross_entropy" },
  optimizer: { type: "adam", learningRate: 0.01 },
  training: { epochs: 5, batchSize: 16, earlyStopping: false, l2: 0, split: { validation: 0.1, test: 0.1 }, seed: 1 },
  resources: { threads: 1, priority: 0, maxSeconds: 10 },
};
const spec = (changes: object = {}): ResolvedJobSpec => JobSpec.parse({ ...base, ...changes }) as ResolvedJobSpec;
const keyOf = (changes: object = {}) => planKey({ spec: spec(changes), shape });

describe("plans are remembered by all that they depend on", () => {
  const alike: [string, object][] = [
    ["name", { name: "b" }],
    ["data set", { dataset: "ds_11111111111111111111111111" }],
    ["labels", { labels: { team: "x" } }],
    ["seed", { training: { ...base.training, seed: 2 } }],
    ["priority", { resources: { ...base.resources, priority: 9 } }],
    ["longest time", { resources: { ...base.resources, maxSeconds: 99 } }],
  ];
  it.each(alike)("jobs that differ in their %s have one plan", (_, changes) => {
    expect(keyOf(changes)).toBe(keyOf());
    expect(planSpec(spec(changes), shape)).toEqual(planSpec(spec(), shape));
  });

  const different: [string, object][] = [
    ["model", { model: { type: "mlp", hidden: [9] } }],
    ["batch", { training: { ...base.training, batchSize: 8 } }],
    ["epochs", { training: { ...base.training, epochs: 6 } }],
    ["optimizer", { optimizer: { type: "sgd", learningRate: 0.01 } }],
    ["threads", { resources: { ...base.resources, threads: 2 } }],
  ];
  it.each(different)("jobs that differ in their %s have two", (_, changes) => {
    expect(keyOf(changes)).not.toBe(keyOf());
    expect(planSpec(spec(changes), shape)).not.toEqual(planSpec(spec(), shape));
  });

  it("data of another shape give another plan", () => {
    const more = { ...shape, trainRows: 104 };
    expect(planKey({ spec: spec(), shape: more })).not.toBe(keyOf());
  });
});
