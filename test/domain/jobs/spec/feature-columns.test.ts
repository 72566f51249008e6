import { describe, expect, it } from "vitest";
import { ServiceError } from "../../../../src/domain/errors.ts";
import { dataWarnings } from "../../../../src/domain/jobs/spec/data-warnings.ts";
import { resolveSpec } from "../../../../src/domain/jobs/spec/defaults.ts";
import { JobSpec, type JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import { datasetOf, jobSpec, openFile, streamOf } from "../../../data/csv-fixtures.ts";

const iris = await datasetOf(() => openFile("iris.csv"), "iris.csv");
const csv = (text: string) => datasetOf(() => streamOf(text, 1000));
const rows = (count: number, row: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => `${row(i)}\n`).join("");

const species = { type: "classification", label: "species" } as const;

const errorOf = (input: Omit<JobSpecInput, "dataset">, dataset = iris) => {
  try {
    resolveSpec(jobSpec(input), dataset);
  } catch (error) {
    if (error instanceof ServiceError) return { first: error.errors[0]! };
    throw error;
  }
  throw new Error("the spec was accepted");
};

describe("the columns that a job learns from", () => {
  it("say of texts why a task without a label leaves them out", async () => {
    const notes = await csv(`note,age\n${rows(60, (i) => `word of number ${i},${i % 7}`)}`);
    const task = { type: "clustering" } as const;
    const spec = resolveSpec(jobSpec({ task }), notes);
    expect(spec.task.features).toEqual(["age"]);
    expect(dataWarnings(spec, notes, task)[0]).toMatch(/^"note" is left out.*only where task\.features names them/);
  });

  it("are told of what comes again and of what lies far away", async () => {
    const row = (i: number): string => `${i},${i},${i === 450 ? 1e6 : i % 9},${i % 2 ? "p" : "q"}`;
    const copied = await csv(`a,b,far,y\n${rows(500, row)}${rows(20, row)}`);
    const warned = (training: JobSpecInput["training"]) => {
      const task = { type: "classification", label: "y" } as const;
      return dataWarnings(resolveSpec(jobSpec({ task, ...(training ? { training } : {}) }), copied), copied, task);
    };
    expect(warned({})).toEqual([
      expect.stringMatching(/^"b" is the same as another column.*task\.exclude$/),
      expect.stringMatching(/^"far" has values more than 20 standard deviations.*0 to 1000000/),
      expect.stringMatching(/^20 of 520 rows are the same as an earlier one.*training\.split\.by$/),
    ]);
    expect(warned({ split: { test: 0, validation: 0 } })).toHaveLength(2);
  });

  it("are told of numbers that count rows or are ids by their name, where there are others", async () => {
    const task = { type: "classification", label: "y" } as const;
    const warningsOf = async (names: string, count: number, row: (i: number) => string, more: object = {}) => {
      const dataset = await csv(`${names},y\n${rows(count, (i) => `${row(i)},${i % 2 ? "p" : "q"}`)}`);
      return dataWarnings(resolveSpec(jobSpec({ task: { ...task, ...more } }), dataset), dataset, task);
    };
    const said = [expect.stringMatching(/^"n" looks like numbers of rows or ids.*task\.exclude$/)];
    expect(await warningsOf("n,x", 1200, (i) => `${i + 1},${i % 17}`)).toEqual(said);
    expect(await warningsOf("n,x", 60, (i) => `${100 + ((i * 37) % 60)},${i % 17}`)).toEqual(said);
    expect(await warningsOf("patient_id,userId,x", 60, (i) => `${7 * i},${9 * i * i},${i % 17}`)).toEqual([
      expect.stringMatching(/^"patient_id", "userId" look like numbers of rows or ids/),
    ]);
    // Few rows, the only feature, one that is left out, whole numbers with gaps, fractions, or names of few values.
    expect(await warningsOf("n,x", 49, (i) => `${i},${i % 17}`)).toEqual([]);
    expect(await warningsOf("n", 60, (i) => `${i}`)).toEqual([]);
    expect(await warningsOf("n,x", 60, (i) => `${i},${i % 17}`, { exclude: ["n"] })).toEqual([]);
    expect(await warningsOf("n,x", 60, (i) => `${i === 30 ? 29 : i},${i % 17}`)).toEqual([]);
    expect(await warningsOf("humid,paid", 60, (i) => `${(i * 3) % 61},${i % 17}`)).toEqual([]);
    expect(await warningsOf("shop_id,x", 60, (i) => `${i % 9},${i % 17}`)).toEqual([]);
  });

  it("leave columns of free text out, with a warning, unless they are named", async () => {
    const people = await csv(`name,age,y\n${rows(1200, (i) => `person_${i},${i % 50},${i % 2}`)}`);
    const task = { type: "classification", label: "y" } as const;
    const spec = resolveSpec(jobSpec({ task }), people);
    expect(spec.task.features).toEqual(["age"]);
    expect(dataWarnings(spec, people, task)).toEqual([
      expect.stringMatching(/^"name" is left out of the features: too many different texts.*task\.exclude$/),
    ]);
    expect(dataWarnings(spec, people, { ...task, exclude: ["name"] })).toEqual([]);
    expect(errorOf({ task: { ...task, features: ["age", "name"] } }, people).first).toEqual({
      pointer: "/task/features/1",
      detail: expect.stringMatching(/^"name" has too many different texts.*leave it out of the features$/) as string,
    });
    const only = await csv(`name,y\n${rows(1200, (i) => `person_${i},${i % 2}`)}`);
    expect(errorOf({ task }, only).first).toEqual({
      pointer: "/task/features",
      detail: expect.stringMatching(/^no column is left to learn from: "name"/) as string,
    });
  });

  it("warn of classes of a few rows, and of columns that a few cells or signs make categories", async () => {
    const task = { type: "classification", label: "y" } as const;
    const warningsOf = async (text: string) => {
      const dataset = await csv(text);
      return dataWarnings(resolveSpec(jobSpec({ task }), dataset), dataset, task);
    };
    const label = (i: number, rare: number): string => (i < rare ? "rare" : i % 2 ? "p" : "q");
    expect(await warningsOf(`x,y\n${rows(60, (i) => `${(i * i) % 97},${label(i, 4)}`)}`)).toEqual([
      expect.stringMatching(/^of the class "rare" there are 4 rows at most: too few to learn it well/),
    ]);
    expect(await warningsOf(`x,y\n${rows(60, (i) => `${(i * i) % 97},${label(i, 5)}`)}`)).toEqual([]);
    const odd = (i: number): string => `2026-0${1 + (i % 9)}-${i === 7 ? "99" : "01"},${i % 3},${10 + (i % 9)}%`;
    expect(await warningsOf(`day,x,share,y\n${rows(60, (i) => `${odd(i)},${label(i, 0)}`)}`)).toEqual([
      expect.stringMatching(/^"day" is read as categories because of a few cells, while most are dates/),
      expect.stringMatching(/^"share" is read as categories, and written like numbers with thousands marks or signs/),
    ]);
  });

  it("warn of columns that say the label, before or after it, and of those that say the same as others", async () => {
    const warningsOf = async (names: string, row: (i: number) => string, exclude?: string[]) => {
      const dataset = await csv(`${names}\n${rows(60, row)}`);
      const task = { type: "classification" as const, label: "y", ...(exclude && { exclude }) };
      return dataWarnings(resolveSpec(jobSpec({ task }), dataset), dataset, task);
    };
    const label = (i: number): string => (i % 3 ? "p" : "q");
    const leak = expect.stringMatching(/^"code", "y again" each tell "y" alone: .*task\.exclude$/);
    const leaking = (i: number): string => `${(i * 7) % 61},${i % 3 ? 1 : 0},${label(i)},${label(i)}`;
    expect(await warningsOf("x,code,y,y again", leaking)).toEqual([leak]);
    expect(await warningsOf("x,code,y,y again", leaking, ["code", "y again"])).toEqual([]);
    const twice = (i: number): string => `${(i * 7) % 61},${i % 5},k${i % 5},${label(i)}`;
    expect(await warningsOf("x,code,name,y", twice)).toEqual([
      expect.stringMatching(/^"name" says the same as "code" in other words: name one of them in task\.exclude$/),
    ]);
    expect(await warningsOf("x,code,name,y", twice, ["code"])).toEqual([]);
  });

  it("warn of a label whose values are hardly classes: dates, or more than the rows can tell apart", async () => {
    const task = { type: "classification", label: "y" } as const;
    const warningsOf = async (count: number, label: (i: number) => string) => {
      const dataset = await csv(`x,y\n${rows(count, (i) => `${i % 17},${label(i)}`)}`);
      return dataWarnings(resolveSpec(jobSpec({ task }), dataset), dataset, task);
    };
    const day = (i: number): string => new Date(Date.UTC(2024, 0, 1 + i)).toISOString().slice(0, 10);
    expect(await warningsOf(2400, (i) => day(i % 300))).toEqual([
      expect.stringMatching(/^"y" holds dates, and each of its 300 is a class/),
    ]);
    expect(await warningsOf(90, (i) => `kind ${i % 30}`)).toEqual([
      expect.stringMatching(/^"y" has 30 classes in 90 rows, 3\.0 of a class/),
    ]);
    expect(await warningsOf(300, (i) => `kind ${i % 30}`)).toEqual([]);
    expect(await warningsOf(60, (i) => day(i % 5))).toEqual([]);
  });

  it("are all but the excluded ones, or from the features without them, and resolves to itself", () => {
    const spec = resolveSpec(jobSpec({ task: { ...species, exclude: ["petal_width", "sepal_length"] } }), iris);
    expect(spec.task).toEqual({ ...species, features: ["sepal_width", "petal_length"] });
    expect(resolveSpec(JobSpec.parse(spec), iris)).toEqual(spec);
    const both = { ...species, features: ["petal_width", "sepal_width"], exclude: ["petal_width"] };
    expect(resolveSpec(jobSpec({ task: both }), iris).task).toEqual({ ...species, features: ["sepal_width"] });
  });

  it("cannot exclude what is not there, the label, or everything", () => {
    const first = (exclude: string[]) => errorOf({ task: { ...species, exclude } }).first;
    expect(first(["petal_with"])).toEqual({
      pointer: "/task/exclude/0",
      detail: expect.stringMatching(/petal_width/) as string,
    });
    expect(first(["petal_width", "species"]).pointer).toBe("/task/exclude/1");
    expect(first(["sepal_length", "sepal_width", "petal_length", "petal_width"]).pointer).toBe("/task/exclude");
  });

  it("are not the one that splits the rows, which may leave none", async () => {
    const table = await csv(`p,y\n${rows(40, (i) => `g${i % 8},${i % 2}`)}`);
    const task = { type: "classification", label: "y" } as const;
    const training = { split: { by: "p" } };
    expect(errorOf({ task, training }, table).first).toEqual({
      pointer: "/training/split",
      detail: expect.stringMatching(/^leaves no column to learn from: "p" says which row goes where/) as string,
    });
  });

  it("are warned of where they look like ids, are mostly missing, or hold slips among numbers", async () => {
    const task = { type: "classification", label: "y" } as const;
    const table = (count: number) =>
      csv(`key,rare,slip,y\n${rows(count, (i) => `k${i},${i % 3 === 0 ? i : ""},${i === 7 ? "n.a." : i},${i % 2}`)}`);
    const warningsOf = async (count: number) => {
      const dataset = await table(count);
      return dataWarnings(resolveSpec(jobSpec({ task }), dataset), dataset, task);
    };
    expect(await warningsOf(60)).toEqual([
      expect.stringMatching(/^"key", "slip" are different in every row, like an id/),
      expect.stringMatching(/^"rare" is missing in more than half of the rows/),
      expect.stringMatching(/^"slip" is read as categories because of a few cells/),
    ]);
    expect(await warningsOf(30)).toEqual([expect.stringMatching(/^"slip" is read as categories/)]);
  });
});
