import { expect, test } from "vitest";
import { ServiceError } from "../../../../src/domain/errors.ts";
import { resolveSpec } from "../../../../src/domain/jobs/spec/defaults.ts";
import { JobSpec, type JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import { TaskSpec } from "../../../../src/grpc/generated/descent/v1/job_spec.ts";
import { fromJobSpec, toTask } from "../../../../src/grpc/job-spec.ts";
import { datasetOf, jobSpec, openFile } from "../../../data/csv-fixtures.ts";

const iris = await datasetOf(() => openFile("iris.csv"), "iris");
const cancer = await datasetOf(() => openFile("breast_cancer.csv"), "breast_cancer");
const diagnosis = { type: "classification", label: "diagnosis" } as const;
const dear = { costs: { falsePositive: 1, falseNegative: 5 } };

const refusal = (input: Omit<JobSpecInput, "dataset">, dataset = cancer): unknown => {
  try {
    return resolveSpec(jobSpec(input), dataset).task;
  } catch (error) {
    if (error instanceof ServiceError) return error.errors[0];
    throw error;
  }
};

test("a threshold that is chosen has validation rows, unless the spec says how many", () => {
  const split = (input: Omit<JobSpecInput, "dataset">) => resolveSpec(jobSpec(input), cancer).training.split.validation;
  expect(split({ task: diagnosis })).toBe(0);
  expect(split({ task: { ...diagnosis, threshold: 0.3 } })).toBe(0);
  expect(split({ task: { ...diagnosis, threshold: { metric: "f1" } } })).toBe(0.2);
  expect(split({ task: { ...diagnosis, threshold: dear }, model: { type: "logistic" } })).toBe(0.2);
  const asked = { task: { ...diagnosis, threshold: dear }, training: { split: { validation: 0.1 } } };
  expect(split(asked)).toBe(0.1);
  // What was resolved resolves to itself.
  const resolved = resolveSpec(jobSpec(asked), cancer);
  expect(resolveSpec(JobSpec.parse(resolved), cancer)).toEqual(resolved);
});

test("what no threshold can be had for is refused, at /task/threshold", () => {
  const threshold = { metric: "f1" } as const;
  const at = (detail: RegExp) => ({ pointer: "/task/threshold", detail: expect.stringMatching(detail) as string });
  expect(refusal({ task: { type: "classification", label: "species", threshold: 0.5 } }, iris)).toEqual(
    at(/"species" has 3; leave it out/),
  );
  expect(refusal({ task: { ...diagnosis, threshold }, training: { split: { validation: 0 } } })).toEqual(
    at(/there are none; set training.split.validation, or give a number/),
  );
  expect(refusal({ task: { ...diagnosis, threshold }, training: { crossValidation: { folds: 5 } } })).toEqual(
    at(/in a cross-validation; give a number/),
  );
  for (const wrong of [0, 1, 1.5, { metric: "accuracy" }, { costs: { falsePositive: 0, falseNegative: 1 } }])
    expect(JobSpec.safeParse({ dataset: cancer.id, task: { ...diagnosis, threshold: wrong } }).success).toBe(false);
});

test.each([0.25, { metric: "f1" as const }, dear])("it is the same over gRPC: %j", (threshold) => {
  const task = { ...diagnosis, threshold };
  const message = toTask(resolveSpec(jobSpec({ task }), cancer).task);
  const read = TaskSpec.decode(TaskSpec.encode(message).finish());
  const own = fromJobSpec({ dataset: "ds_01JD0000000000000000000000", task: read, labels: {} } as never);
  expect(JobSpec.parse(own).task).toMatchObject(task);
});
