import { describe, expect, it } from "vitest";
import { ServiceError } from "../../../../src/domain/errors.ts";
import { resolveSpec } from "../../../../src/domain/jobs/spec/defaults.ts";
import type { JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import { datasetOf, jobSpec, streamOf } from "../../../data/csv-fixtures.ts";

const lines = Array.from({ length: 60 }, (_, i) => `${i % 7},${i % 5},${1 + (i % 9)},${(i % 11) - 2}`);
const table = await datasetOf(() => streamOf(`x,count,size,any\n${lines.join("\n")}\n`, 1000));

const resolve = (label: string, input: Omit<JobSpecInput, "dataset" | "task">) =>
  resolveSpec(jobSpec({ ...input, task: { type: "regression", label, features: ["x"] } }), table);

const faultOf = (label: string, input: Omit<JobSpecInput, "dataset" | "task">) => {
  try {
    resolve(label, input);
  } catch (error) {
    if (error instanceof ServiceError) return error.errors[0]!;
    throw error;
  }
  throw new Error("the spec was accepted");
};

describe("Gamma, negative binomial and quantile models", () => {
  it.each([
    ["size", { type: "gamma" }, { type: "gamma_nll" }],
    ["count", { type: "negative_binomial" }, { type: "negative_binomial_nll" }],
    ["any", { type: "quantile" }, { type: "pinball", quantile: 0.5 }],
    ["any", { type: "quantile", quantile: 0.9 }, { type: "pinball", quantile: 0.9 }],
  ] as const)("of %s: %j has its own loss and is solved", (label, model, loss) => {
    const spec = resolve(label, { model });
    expect(spec.loss).toEqual(loss);
    expect(spec.training).toMatchObject({ solver: "exact", l2: 0, earlyStopping: false });
    // The record asks for the same job.
    const { dataset: _, ...again } = spec;
    const { task, ...rest } = again;
    expect(resolveSpec(jobSpec({ ...rest, task } as Omit<JobSpecInput, "dataset">), table)).toEqual(spec);
  });

  it("a quantile may be said by the loss, and not twice otherwise", () => {
    const spec = resolve("any", { model: { type: "quantile" }, loss: { type: "pinball", quantile: 0.2 } });
    expect(spec.model).toMatchObject({ type: "quantile", quantile: 0.2 });
    const twice = { model: { type: "quantile", quantile: 0.3 }, loss: { type: "pinball", quantile: 0.2 } } as const;
    expect(faultOf("any", twice)).toMatchObject({ pointer: "/loss/quantile", detail: /the model's quantile is 0\.3/ });
  });

  it.each([
    ["count", { model: { type: "gamma" } }, "/task/label", /values down to 0.*above 0/],
    ["any", { model: { type: "negative_binomial" } }, "/task/label", /negative values, -2/],
    ["size", { model: { type: "gamma" }, training: { solver: "iterative" } }, "/training/solver", /is solved exactly/],
    ["size", { model: { type: "gamma" }, optimizer: { type: "adam" } }, "/optimizer", /without an optimizer/],
    ["any", { model: { type: "quantile" }, training: { l2: 0.1 } }, "/training/l2", /no penalty/],
    ["size", { model: { type: "gamma" }, training: { l1: 0.1 } }, "/training/l1", /use l2/],
    ["count", { model: { type: "mlp" }, loss: { type: "negative_binomial_nll" } }, "/loss/type", /choose one of/],
    ["any", { model: { type: "quantile" }, training: { clusterBy: "size" } }, "/training/clusterBy", /quantile/],
  ] as const)("of %s: %j is refused at %s", (label, input, pointer, detail) => {
    const fault = faultOf(label, input as Omit<JobSpecInput, "dataset" | "task">);
    expect(fault.pointer).toBe(pointer);
    expect(fault.detail).toMatch(detail);
  });

  it("have an exposure where their mean is a rate", () => {
    const task = {
      type: "regression" as const,
      label: "size",
      features: ["x"],
      exposure: "count",
    } satisfies JobSpecInput["task"];
    // 0 of it is none.
    expect(() => resolveSpec(jobSpec({ task, model: { type: "gamma" } }), table)).toThrow(/exposure is above 0/);
    const per = { ...task, label: "count", exposure: "size" } satisfies JobSpecInput["task"];
    expect(resolveSpec(jobSpec({ task: per, model: { type: "negative_binomial" } }), table).task).toMatchObject(per);
    expect(() => resolveSpec(jobSpec({ task: per, model: { type: "quantile" } }), table)).toThrow(/is of counts/);
  });
});
