import { expect, test } from "vitest";
import { resolveSpec } from "../../src/domain/jobs/spec/defaults.ts";
import { JobSpec, type JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { finalBody } from "../../src/usecases/studies/course/final-job.ts";
import { datasetOf, jobSpec, openFile } from "../data/csv-fixtures.ts";

const cancer = await datasetOf(() => openFile("breast_cancer.csv"), "breast_cancer");

test("a study's final job trains on the validation rows too, unless a threshold is to be chosen on them", () => {
  const finalSpec = (threshold?: { metric: "f1" }) => {
    const task: JobSpecInput["task"] = { type: "classification", label: "diagnosis", ...(threshold && { threshold }) };
    const spec = resolveSpec(jobSpec({ task, training: { split: { validation: 0.2 } } }), cancer);
    const body = finalBody({ id: "std_1", name: "s" } as never, { spec, metrics: {} } as never);
    return resolveSpec(JobSpec.parse(body), cancer);
  };
  expect(finalSpec().training.split.validation).toBe(0);
  expect(finalSpec({ metric: "f1" }).training.split.validation).toBe(0.2);
});
