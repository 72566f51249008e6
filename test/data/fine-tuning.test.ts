import { describe, expect, it } from "vitest";
import { dataShape } from "../../src/data/preprocessing/data-shape.ts";
import { prepare } from "../../src/data/preprocessing/prepare.ts";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import { ServiceError } from "../../src/domain/errors.ts";
import { resolveSpec } from "../../src/domain/jobs/spec/defaults.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import type { Model } from "../../src/domain/models/model.ts";
import { createArrays, datasetOf, jobSpec, prepareAll, streamOf } from "./csv-fixtures.ts";

const table = (rows: number, cells: (i: number) => (string | number)[], header: string): string =>
  `${header}\n${Array.from({ length: rows }, (_, i) => cells(i).join(",")).join("\n")}\n`;
const colours = ["red", "green", "blue"];
const first = table(60, (i) => [i, colours[i % 3]!, i % 7, i % 2 ? "yes" : "no"], "age,colour,size,kind");
/** The same features in another order, with a column and a colour more. */
const second = table(
  40,
  (i) => [i % 2 ? "yes" : "no", i * 3, "x", i % 5, i === 7 ? "pink" : "red"],
  "answer,size,extra,age,colour",
);

const trainBase = async (input: Omit<JobSpecInput, "dataset">): Promise<Model> => {
  const { spec, preprocessing } = await prepareAll(() => streamOf(first, 1000), input);
  return {
    id: "mdl_01JD0000000000000000000000",
    name: "base",
    job: null,
    dataset: null,
    base: null,
    task: spec.task,
    spec,
    parameters: 1,
    metrics: {},
    digest: "",
    preprocessing,
    createdAt: "2026-11-24T00:00:00Z",
  };
};

const base = await trainBase({ task: { type: "classification", label: "kind" } });
const dataset = await datasetOf(() => streamOf(second, 1000));
const task = { type: "classification", label: "answer" } as const;

describe("a job that starts from a base model", () => {
  it("uses the base's features, in its order, and its preprocessing as it is", async () => {
    const spec = resolveSpec(jobSpec({ task, base: { model: base.id } }), dataset, base);
    expect(spec.task.features).toEqual(["age", "colour", "size"]);
    expect(spec.model).toEqual(base.spec.model);
    const shape = dataShape(spec, dataset, base);
    const arrays = createArrays(shape, "classes");
    const preprocessing = await prepare(spec, dataset, () => streamOf(second, 1000), arrays, base);
    const transformsOf = ({ features }: typeof preprocessing) =>
      features.map((feature) => (feature.type === "number" ? { ...feature, range: null, clip: null } : feature));
    expect(transformsOf(preprocessing)).toEqual(transformsOf(base.preprocessing));
    // The training range is that of both data sets.
    const sizes = dataset.columns.find(({ name }) => name === "size");
    expect(preprocessing.features[2]).toMatchObject({ column: "size", range: { minimum: 0, maximum: sizes?.maximum } });
    expect(preprocessing.label).toEqual({ type: "classes", column: "answer", classes: ["no", "yes"] });
    expect([preprocessing.inputs, preprocessing.outputs]).toEqual([shape.inputs, shape.outputs]);
    expect(arrays.train.features.every(Number.isFinite)).toBe(true);
  });

  it("fits a new label transform for a new head", async () => {
    const regression = await trainBase({ task: { type: "regression", label: "size", features: ["age"] } });
    const label = { type: "regression", label: "size" } as const;
    const kept = resolveSpec(jobSpec({ task: label, base: { model: base.id } }), dataset, regression);
    const renewed = resolveSpec(jobSpec({ task: label, base: { model: base.id, newHead: true } }), dataset, regression);
    const run = async (spec: typeof kept) => {
      const arrays = createArrays(dataShape(spec, dataset, regression), "number");
      const { label } = await prepare(spec, dataset, () => streamOf(second, 1000), arrays, regression);
      return { label, targets: arrays.train.labels! };
    };
    expect((await run(kept)).label).toEqual(regression.preprocessing.label);
    const { label: fresh, targets } = await run(renewed);
    expect(fresh).not.toEqual(regression.preprocessing.label);
    const mean = [...targets].reduce((a, b) => a + b, 0) / targets.length;
    expect(Math.abs(mean)).toBeLessThan(1e-6);
  });

  it("learns more gently", () => {
    const rate = (model?: Model) =>
      resolveSpec(jobSpec({ task, ...(model && { base: { model: model.id } }) }), dataset, model).optimizer
        .learningRate;
    expect(rate(base)).toBeCloseTo(rate() / 10);
  });
});

const errorsOf = (
  input: Omit<JobSpecInput, "dataset" | "base">,
  changes: { newHead?: boolean; data?: Dataset } = {},
) => {
  const spec = jobSpec({ ...input, base: { model: base.id, newHead: changes.newHead ?? false } });
  try {
    resolveSpec(spec, changes.data ?? dataset, base);
  } catch (error) {
    if (error instanceof ServiceError) return error.errors;
    throw error;
  }
  return [];
};

describe("a base model that does not fit", () => {
  const without = (name: string): Dataset => ({ ...dataset, columns: dataset.columns.filter((c) => c.name !== name) });
  const withClasses = (...classes: string[]): Dataset => ({
    ...dataset,
    columns: dataset.columns.map((c) =>
      c.name === "answer" ? { ...c, categories: classes.map((value) => ({ value, count: 40 / classes.length })) } : c,
    ),
  });

  it("is refused for a feature that the data set lacks or holds as text", () => {
    expect(errorsOf({ task }, { data: without("size") })).toEqual([
      { pointer: "/base/model", detail: expect.stringContaining('needs the feature "size"') as string },
    ]);
    const text = {
      ...dataset,
      columns: dataset.columns.map((c) => (c.name === "age" ? { ...c, type: "category" as const } : c)),
    };
    expect(errorsOf({ task }, { data: text })[0]?.detail).toContain(
      "a number in the base model and text in the data set",
    );
  });

  it("is refused for features that it was not trained on, or that are left out", () => {
    expect(errorsOf({ task: { ...task, features: ["age", "extra"] } }).map(({ pointer }) => pointer)).toEqual([
      "/task/features/1",
      "/task/features",
      "/task/features",
    ]);
  });

  it("is refused for another task, another architecture and unknown classes", () => {
    expect(errorsOf({ task: { type: "regression", label: "extra" } })[0]?.detail).toContain(
      "solves a classification task",
    );
    expect(errorsOf({ task, model: { type: "mlp", hidden: [8] } })).toEqual([
      {
        pointer: "/model",
        detail:
          'it must be built like the base model (hidden is [64,32] there, activation is "silu" there), or be left out',
      },
    ]);
    expect(errorsOf({ task, model: { type: "mlp", activation: "silu", dropout: 0.2 } })).toEqual([]);
    expect(errorsOf({ task }, { data: withClasses("yes", "maybe") })).toEqual([
      { pointer: "/base/newHead", detail: expect.stringContaining('the class "maybe"') as string },
    ]);
    expect(errorsOf({ task }, { data: withClasses("yes", "maybe"), newHead: true })).toEqual([]);
  });
});

describe("features of a CNN", () => {
  it("share one mean and one scale, so that the image keeps its contrasts", async () => {
    const images = table(50, (i) => [i % 2, 0, 10, 4, i % 2 ? "a" : "b"], "p0,p1,p2,p3,y");
    const { preprocessing, arrays } = await prepareAll(() => streamOf(images, 1000), {
      task: { type: "classification", label: "y" },
      model: { type: "cnn" },
    });
    const scales = preprocessing.features.map((f) => (f.type === "number" ? [f.mean, f.scale] : []));
    expect(new Set(scales.map(String)).size).toBe(1);
    const pixels = Float32Array.from(arrays.train.features);
    const mean = pixels.reduce((a, b) => a + b, 0) / pixels.length;
    expect(Math.abs(mean)).toBeLessThan(1e-6);
    expect(pixels[2]! - pixels[1]!).toBeGreaterThan(2);
  });
});

describe("a file that is not the one that was profiled", () => {
  const original = "x,y\n1,a\n2,b\n3,a\n4,b\n5,a\n6,b\n";
  it.each([
    ["more rows", `${original}7,a\n`],
    ["fewer rows", original.slice(0, -4)],
    ["other columns", original.replace("x,y", "z,y")],
    ["an unknown label", original.replace("6,b", "6,c")],
  ])("is refused: %s", async (_, changed) => {
    const data = await datasetOf(() => streamOf(original));
    const spec = resolveSpec(jobSpec({ task: { type: "classification", label: "y" } }), data);
    const arrays = createArrays(dataShape(spec, data), "classes");
    await expect(prepare(spec, data, () => streamOf(changed), arrays)).rejects.toMatchObject({
      code: "unprocessable",
      message: expect.stringContaining("not the one that the data set describes") as string,
    });
  });
});
