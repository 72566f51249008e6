import { describe, expect, it } from "vitest";
import { ServiceError } from "../../../../src/domain/errors.ts";
import { dataWarnings } from "../../../../src/domain/jobs/spec/data-warnings.ts";
import { resolveSpec } from "../../../../src/domain/jobs/spec/defaults.ts";
import { JobSpec, type JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import { datasetOf, jobSpec, openFile, streamOf } from "../../../data/csv-fixtures.ts";

const iris = await datasetOf(() => openFile("iris.csv"), "iris.csv");
const diabetes = await datasetOf(() => openFile("diabetes.csv"), "diabetes");
const digits = await datasetOf(() => openFile("digits.csv"), "digits");
const csv = (text: string) => datasetOf(() => streamOf(text, 1000));
const rows = (count: number, row: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => `${row(i)}\n`).join("");

const species = { type: "classification", label: "species" } as const;
const progression = { type: "regression", label: "progression" } as const;

const errorOf = (input: Omit<JobSpecInput, "dataset">, dataset = iris) => {
  try {
    resolveSpec(jobSpec(input), dataset);
  } catch (error) {
    if (error instanceof ServiceError) return { code: error.code, errors: error.errors, first: error.errors[0]! };
    throw error;
  }
  throw new Error("the spec was accepted");
};

describe("a spec with only data set and task", () => {
  it("is filled in with every default", () => {
    const spec = resolveSpec(jobSpec({ task: species }), iris, null, 8);
    expect(spec.name).toBe("iris.csv classification");
    expect(spec.task.features).toEqual(["sepal_length", "sepal_width", "petal_length", "petal_width"]);
    expect(spec.model.type).toBe("mlp");
    expect(spec.loss.type).toBe("cross_entropy");
    expect(spec.optimizer).toMatchObject({ type: "adam", learningRate: expect.any(Number) as number });
    expect(spec.training.split).toEqual({ validation: 0, test: 0.2, stratify: true });
    expect(spec.training.earlyStopping).toBe(false);
    expect(spec.resources.threads).toBe(4);
    const rowsPerEpoch = 120 / (spec.training.batchSize as number);
    expect(spec.training.epochs * rowsPerEpoch).toBeGreaterThan(1000);
    expect(spec.training.epochs * rowsPerEpoch).toBeLessThan(5000);
  });

  it("validates, and stops early, where rows abound", async () => {
    const large = await csv(`x,y\n${rows(6000, (i) => `${i % 17},${i % 2 ? "a" : "b"}`)}`);
    const { training } = resolveSpec(jobSpec({ task: { type: "classification", label: "y" } }), large);
    expect(training.split).toMatchObject({ validation: 0.1, test: 0.2 });
    expect(training.earlyStopping).toMatchObject({ metric: "loss" });
  });

  it("has its penalty chosen, unless something else is said or keeps the network from fitting noise", async () => {
    const searchOf = (input: Omit<JobSpecInput, "dataset">, dataset = iris) =>
      resolveSpec(jobSpec(input), dataset).training.penaltySearch;
    const search = { holdOut: 0.2, folds: 3, factors: [1 / 16, 1 / 4, 1, 4, 16, 64] };
    expect(searchOf({ task: species })).toEqual(search);
    expect(searchOf({ task: species, model: { type: "mlp" } })).toEqual(search);
    expect(searchOf({ task: species, training: { penaltySearch: {}, epochs: 9, l2: 0.1 } })).toEqual(search);
    expect(searchOf({ task: species, model: { type: "softmax" } })).toBe(false);
    expect(searchOf({ task: species, training: { penaltySearch: false } })).toBe(false);
    expect(searchOf({ task: species, training: { l2: 0.01 } })).toBe(false);
    expect(searchOf({ task: species, training: { epochs: 20 } })).toBe(false);
    expect(searchOf({ task: species, training: { batchSize: "full" } })).toBe(false);
    expect(searchOf({ task: species, training: { earlyStopping: {} } })).toBe(false);
    const few = await csv(`x,y\n${rows(40, (i) => `${i % 7},${i % 2 ? "a" : "b"}`)}`);
    expect(searchOf({ task: { type: "classification", label: "y" } }, few)).toBe(false);
  });

  it.each([
    [{ model: { type: "softmax" } }, /not for "softmax"/],
    [{ training: { earlyStopping: {} } }, /early stopping guards/],
    [{ training: { l2: 0 } }, /every multiple of an l2 of 0/],
    [{ training: { batchSize: "full" } }, /120 training rows are too few/],
  ] as const)("says why a penalty cannot be searched for: %j", (input, detail) => {
    const { training, ...parts } = { training: {}, ...input };
    const { code, first } = errorOf({
      task: species,
      ...parts,
      training: { ...training, penaltySearch: {} },
    } as Omit<JobSpecInput, "dataset">);
    expect([code, first.pointer]).toEqual(["invalid", "/training/penaltySearch"]);
    expect(first.detail).toMatch(detail);
  });

  it.each([
    [{ task: species }, iris],
    [{ task: species, model: { type: "softmax" } }, iris],
    [{ task: species, training: { batchSize: "full" } }, iris],
    [{ task: progression, model: { type: "linear" } }, diabetes],
    [{ task: { type: "classification", label: "digit" }, model: { type: "cnn" } }, digits],
    [{ task: { type: "clustering" } }, diabetes],
  ] as const)("resolves to itself once resolved, and parses again: %j", (input, dataset) => {
    const spec = resolveSpec(jobSpec(input as Omit<JobSpecInput, "dataset">), dataset);
    expect(JobSpec.parse(spec)).toEqual(spec);
    expect(resolveSpec(JobSpec.parse(spec), dataset)).toEqual(spec);
  });

  it("has a model and a loss for each task", () => {
    const chosen = (input: Omit<JobSpecInput, "dataset">, dataset = diabetes) => {
      const { model, loss } = resolveSpec(jobSpec(input), dataset);
      return `${model.type} ${loss.type}`;
    };
    expect(chosen({ task: progression })).toBe("mlp mean_squared_error");
    expect(chosen({ task: progression, model: { type: "poisson" } })).toBe("poisson poisson_nll");
    expect(chosen({ task: { type: "clustering" } })).toBe("k_means mean_squared_error");
    expect(chosen({ task: { type: "density_estimation" } })).toBe("gaussian_mixture gaussian_nll");
    expect(chosen({ task: { type: "reconstruction" } })).toBe("autoencoder mean_squared_error");
  });

  it("gives a CNN the size of a square image", () => {
    const spec = resolveSpec(
      jobSpec({ task: { type: "classification", label: "digit" }, model: { type: "cnn" } }),
      digits,
    );
    expect(spec.model).toMatchObject({ type: "cnn", input: { height: 8, width: 8, channels: 1 } });
  });

  it("never has a batch larger than the training split", () => {
    expect(resolveSpec(jobSpec({ task: species, training: { batchSize: 100_000 } }), iris).training.batchSize).toBe(
      120,
    );
  });
});

describe("columns that do not fit the task", () => {
  it("names near matches of a label that is not there", () => {
    expect(errorOf({ task: { type: "classification", label: "Species " } })).toMatchObject({
      code: "invalid",
      first: { pointer: "/task/label", detail: 'the data set has no column "Species "; did you mean "species"?' },
    });
    expect(errorOf({ task: { type: "classification", label: "zzz" } }).first.detail).toContain(
      'there are "sepal_length"',
    );
  });

  it("points at each feature that is unknown, doubled or the label", () => {
    const features = ["sepal_length", "petal_lenght", "sepal_length", "species"];
    expect(errorOf({ task: { ...species, features } }).errors).toEqual([
      { pointer: "/task/features/1", detail: expect.stringContaining('"petal_length"') as string },
      { pointer: "/task/features/2", detail: expect.stringContaining("twice") as string },
      { pointer: "/task/features/3", detail: expect.stringContaining("is the label") as string },
    ]);
  });

  it("refuses a constant label", async () => {
    const constant = await csv(`x,y,n\n${rows(20, (i) => `${i},a,7`)}`);
    expect(errorOf({ task: { type: "classification", label: "y" } }, constant)).toMatchObject({
      code: "unprocessable",
      first: {
        pointer: "/task/label",
        detail: '"y" has only the value "a"; a classification needs at least two classes',
      },
    });
    expect(errorOf({ task: { type: "regression", label: "n" } }, constant).first.detail).toBe(
      '"n" is constant (7); there is nothing to learn',
    );
  });

  it("leaves rows without a label out, and refuses a label that no row has", async () => {
    const gaps = await csv(`x,y,none\n${rows(20, (i) => `${i},${i === 3 ? "" : i % 2},`)}`);
    const task = { type: "classification", label: "y" } as const;
    const spec = resolveSpec(jobSpec({ task }), gaps);
    expect(dataWarnings(spec, gaps)[0]).toMatch(/^1 of 20 rows has no "y" and is left out: nothing is learnt/);
    expect(errorOf({ task: { ...task, label: "none" } }, gaps).first).toEqual({
      pointer: "/task/label",
      detail: 'no row has a value in "none"; choose another column',
    });
  });

  it("refuses dates and texts for a regression, and names that no two rows share for a classification, and says why", async () => {
    const table = await csv(`sold,note,y\n${rows(60, (i) => `2026-01-0${1 + (i % 9)},word of number ${i},${i}`)}`);
    const of = (type: "regression" | "classification", label: string) =>
      errorOf({ task: { type, label } }, table).first;
    expect(of("regression", "sold").detail).toMatch(/^"sold" holds dates, and a regression needs numbers; upload/);
    expect(of("regression", "note").detail).toMatch(/"note" holds text.*needs numbers; choose the task/);
    expect(of("classification", "note")).toMatchObject({
      pointer: "/task/label",
      detail: expect.stringMatching(/^"note" is different in every row/) as string,
    });
  });

  it("refuses text for a regression, and many numbers for a classification", () => {
    expect(errorOf({ task: { type: "regression", label: "species" } }).first.detail).toMatch(
      /"species" holds text \(such as "setosa"\).*choose the task "classification"/,
    );
    expect(errorOf({ task: { type: "classification", label: "progression" } }, diabetes).first.detail).toMatch(
      /too many different values \(214, too many to be classes\); choose the task "regression"/,
    );
  });

  it("refuses a table of nothing but the label", async () => {
    const lonely = await csv(`y\n${rows(20, (i) => `${i % 2}`)}`);
    expect(errorOf({ task: { type: "classification", label: "y" } }, lonely).first.pointer).toBe("/task/label");
  });
});

describe("parts that do not go together", () => {
  const cases: [string, Omit<JobSpecInput, "dataset">, typeof iris, string, RegExp][] = [
    [
      "a softmax model of a regression",
      { task: progression, model: { type: "softmax" } },
      diabetes,
      "/model/type",
      /does not solve a regression task; choose one of "mlp", "linear"/,
    ],
    [
      "a linear model of a classification",
      { task: species, model: { type: "linear" } },
      iris,
      "/model/type",
      /choose one of "mlp", "softmax"/,
    ],
    [
      "a squared error of a classification",
      { task: species, loss: { type: "mean_squared_error" } },
      iris,
      "/loss/type",
      /choose one of "cross_entropy"/,
    ],
    [
      "a logistic model of three classes",
      { task: species, model: { type: "logistic" } },
      iris,
      "/loss/type",
      /two classes, and "species" has 3/,
    ],
    [
      "weights of an unknown class",
      { task: species, loss: { type: "cross_entropy", classWeights: { sentosa: 2 } } },
      iris,
      "/loss/classWeights/sentosa",
      /did you mean "setosa"/,
    ],
    [
      "shares that leave nothing",
      { task: species, training: { split: { validation: 0.5, test: 0.5 } } },
      iris,
      "/training/split",
      /sum must be below 1/,
    ],
    [
      "early stopping without validation",
      { task: species, training: { split: { validation: 0 }, earlyStopping: {} } },
      iris,
      "/training/earlyStopping",
      /validation split, which is empty/,
    ],
    [
      "early stopping by another task's metric",
      { task: species, training: { earlyStopping: { metric: "r2" } } },
      iris,
      "/training/earlyStopping/metric",
      /choose "loss"/,
    ],
    [
      "an image of other size",
      { task: species, model: { type: "cnn", input: { height: 3, width: 3 } } },
      iris,
      "/model/input",
      /3×3×1 = 9 pixels do not make 4 features/,
    ],
    [
      "features that are no square",
      { task: progression, model: { type: "cnn" } },
      diabetes,
      "/model/input",
      /10 features are not a square image/,
    ],
  ];
  it.each(cases)("are refused: %s", (_, input, dataset, pointer, says) => {
    const { first } = errorOf(input, dataset);
    expect(first.pointer).toBe(pointer);
    expect(first.detail).toMatch(says);
  });

  it("refuses negative counts for a Poisson model", async () => {
    const negative = await csv(`x,y\n${rows(30, (i) => `${i},${i - 3}`)}`);
    const { first } = errorOf({ task: { type: "regression", label: "y" }, model: { type: "poisson" } }, negative);
    expect(first.detail).toMatch(/negative values, -3 on line 2 of the file, .*counts/);
  });

  it("refuses a split that too few rows cannot fill", async () => {
    const tiny = await csv("x,y\n1,a\n2,b\n");
    expect(errorOf({ task: { type: "classification", label: "y" } }, tiny)).toMatchObject({
      code: "unprocessable",
      first: { pointer: "/training/split", detail: expect.stringMatching(/^2 rows are too few/) as string },
    });
  });
});
