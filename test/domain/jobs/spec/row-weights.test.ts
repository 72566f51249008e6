import { describe, expect, it } from "vitest";
import { ServiceError } from "../../../../src/domain/errors.ts";
import { resolveSpec } from "../../../../src/domain/jobs/spec/defaults.ts";
import { JobSpec, type JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import { datasetOf, jobSpec, streamOf } from "../../../data/csv-fixtures.ts";

const rows = Array.from({ length: 40 }, (_, i) => [i % 7, i % 5, i % 2, i % 3, i === 9 ? -2 : 1, i === 4 ? "" : 1, 0]);
const table = await datasetOf(() =>
  streamOf(`a,g,y,w,negative,gap,zero,text\n${rows.map((row) => `${row.join(",")},t${row[0]}\n`).join("")}`, 1000),
);

const resolve = (task: Record<string, unknown>) =>
  resolveSpec(
    jobSpec({ task: { type: "classification", label: "y", ...task } } as Omit<JobSpecInput, "dataset">),
    table,
  );

const refusal = (task: Record<string, unknown>): string => {
  try {
    resolve(task);
  } catch (error) {
    if (error instanceof ServiceError) return error.message;
    throw error;
  }
  throw new Error("the spec was accepted");
};

describe("A column of weights", () => {
  it("is no feature, stays in the record, and resolves to itself", () => {
    const spec = resolve({ weight: "w" });
    expect(spec.task).toMatchObject({ weight: "w", features: ["a", "g", "negative", "gap", "zero", "text"] });
    expect(resolveSpec(JobSpec.parse(spec), table)).toEqual(spec);
  });

  it.each([
    ["is absent", { weight: "v" }, '/task/weight: the data set has no column "v"'],
    ["is the label", { weight: "y" }, '/task/weight: "y" is the label; name another column'],
    ["holds texts", { weight: "text" }, '/task/weight: "text" holds no numbers'],
    ["has gaps", { weight: "gap" }, '/task/weight: 1 row has no "gap"; give each row a weight, 0 to those'],
    ["is negative somewhere", { weight: "negative" }, '/task/weight: "negative" has negative values, -2 on line 11'],
    ["lets no row count", { weight: "zero" }, '/task/weight: "zero" is 0 in every row'],
    ["is among the features", { weight: "w", features: ["a", "w"] }, '/task/features/1: "w" is the weight of the rows'],
  ])("is refused where it %s", (_, task, message) => {
    expect(refusal(task)).toContain(message);
  });
});

describe("A column of exposures", () => {
  const count = (task: Record<string, unknown>) =>
    resolveSpec(jobSpec({ task: { type: "regression", label: "g", ...task } } as Omit<JobSpecInput, "dataset">), table);
  const refused = (task: Record<string, unknown>, more: Record<string, unknown> = {}): string => {
    try {
      resolveSpec(
        jobSpec({ task: { type: "regression", label: "g", ...task }, ...more } as Omit<JobSpecInput, "dataset">),
        table,
      );
    } catch (error) {
      if (error instanceof ServiceError) return error.message;
      throw error;
    }
    throw new Error("the spec was accepted");
  };

  it("makes Poisson's likelihood the default, is no feature, and resolves to itself", () => {
    const spec = count({ offset: "w" });
    expect(spec).toMatchObject({ loss: { type: "poisson_nll" }, model: { type: "mlp" }, task: { offset: "w" } });
    expect(spec.task.features).not.toContain("w");
    expect(resolveSpec(JobSpec.parse(spec), table)).toEqual(spec);
  });

  it("is refused where it says nothing of a count", () => {
    expect(refused({ exposure: "w" })).toContain(
      '/task/exposure: "w" has values down to 0, and an exposure is above 0',
    );
    expect(refused({ exposure: "gap" })).toContain('/task/exposure: 1 row has no "gap"');
    expect(refused({ exposure: "a", offset: "w" })).toContain("/task/offset: is the logarithm of an exposure");
    expect(refused({ offset: "w" }, { model: { type: "linear" } })).toContain("/task/offset: is of counts");
    expect(refused({ offset: "w", weight: "w" })).toContain('/task/offset: "w" is the weight of the rows as well');
  });
});
