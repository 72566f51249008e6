import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";

/** scikit-learn 1.2 on standardised features, the mean of 5 folds: what the defaults are measured against. */
export interface DataSetCase {
  name: string;
  file: string;
  task: JobSpecInput["task"];
  /** Left out: the default. */
  model?: JobSpecInput["model"];
  metric: "testAccuracy" | "testR2";
  reference: number;
  referenceModel: string;
}

const classification = (label: string) => ({ type: "classification", label }) as const;
const regression = (label: string) => ({ type: "regression", label }) as const;

const logistic = "logistic regression";
const mlp = "MLPClassifier";
const accuracy = { metric: "testAccuracy" } as const;

export const dataSetCases: readonly DataSetCase[] = [
  { name: "iris", file: "iris", task: classification("species"), ...accuracy, reference: 0.953, referenceModel: mlp },
  { name: "wine", file: "wine", task: classification("cultivar"), ...accuracy, reference: 0.983, referenceModel: mlp },
  {
    name: "breast_cancer",
    file: "breast_cancer",
    task: classification("diagnosis"),
    ...accuracy,
    reference: 0.979,
    referenceModel: mlp,
  },
  { name: "digits", file: "digits", task: classification("digit"), ...accuracy, reference: 0.977, referenceModel: mlp },
  {
    name: "digits, softmax",
    file: "digits",
    task: classification("digit"),
    model: { type: "softmax" },
    ...accuracy,
    reference: 0.969,
    referenceModel: logistic,
  },
  {
    name: "diabetes, linear",
    file: "diabetes",
    task: regression("progression"),
    model: { type: "linear" },
    metric: "testR2",
    reference: 0.489,
    referenceModel: "ordinary least squares",
  },
  {
    name: "diabetes",
    file: "diabetes",
    task: regression("progression"),
    metric: "testR2",
    reference: 0.489,
    referenceModel: "ordinary least squares",
  },
];
