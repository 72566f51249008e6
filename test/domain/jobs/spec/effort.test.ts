import { describe, expect, test } from "vitest";
import { ServiceError } from "../../../../src/domain/errors.ts";
import { resolveSpec } from "../../../../src/domain/jobs/spec/defaults.ts";
import { JobSpec, type JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import { datasetOf, jobSpec, openFile, streamOf } from "../../../data/csv-fixtures.ts";

const iris = await datasetOf(() => openFile("iris.csv"), "iris.csv");
const csv = (text: string) => datasetOf(() => streamOf(text, 1000));
const table = (rows: number) =>
  csv(
    `x,y,count\n${Array.from({ length: rows }, (_, i) => `${i % 17},${i % 2 ? "a" : "b"},${(i * 7) % 11}\n`).join("")}`,
  );
const [large, small] = [await table(6000), await table(300)];

type Input = Omit<JobSpecInput, "dataset">;
const species = { type: "classification", label: "species" } as const;
const resolve = (input: Input, dataset = iris) => resolveSpec(jobSpec(input), dataset);

const widthsOf = ({ model }: ReturnType<typeof resolve>): number[] =>
  model.type === "ensemble" ? model.members.map(({ hidden }) => hidden[0]!) : [];

describe("an effort", () => {
  test("left out, or quick, changes nothing", () => {
    const plain = resolve({ task: species });
    expect(resolve({ task: species, effort: "quick" })).toEqual({ ...plain, effort: "quick" });
    expect(plain).not.toHaveProperty("effort");
    expect(plain.training).not.toHaveProperty("refit");
    expect(plain.training).not.toHaveProperty("calibration");
  });

  test("that is good has different networks, a temperature and a refit, and says so part by part", () => {
    const spec = resolve({ task: species, effort: "good" });
    expect(spec.model.type).toBe("ensemble");
    const members = spec.model.type === "ensemble" ? spec.model.members : [];
    expect(new Set(members.map((member) => JSON.stringify(member))).size).toBe(6);
    expect(spec.model).toMatchObject({ shares: "held_out" });
    expect(spec.training).toMatchObject({ refit: true, calibration: "temperature" });
    expect(spec.training.penaltySearch).toMatchObject({ factors: [1 / 256, 1 / 64, 1 / 16, 1 / 4, 1, 4, 16, 64] });
    expect(resolve({ task: species }).training.penaltySearch).toMatchObject({ factors: [1 / 16, 1 / 4, 1, 4, 16, 64] });
    expect(resolveSpec(JobSpec.parse(spec), iris)).toEqual(spec);
  });

  test("has wider networks where there are more rows, and more of them at its best", () => {
    const task = { type: "classification", label: "y" } as const;
    const [few, many] = [small, large].map((dataset) => widthsOf(resolve({ task, effort: "good" }, dataset)));
    expect(few).toHaveLength(6);
    for (const [i, width] of few!.entries()) expect(many![i]).toBeGreaterThan(width);
    expect(widthsOf(resolve({ task, effort: "best" }, small))).toHaveLength(16);
  });

  test("keeps what is stated", () => {
    const stated = {
      model: { type: "mlp" as const, hidden: [7] },
      training: { refit: false, calibration: false as const },
    };
    const spec = resolve({ task: species, effort: "good", ...stated });
    expect(spec).toMatchObject(stated);
    const folds = resolve({ task: species, effort: "good", training: { crossValidation: {} } });
    expect(folds.training).toMatchObject({ refit: false, calibration: "temperature" });
    const linear = resolve({ task: species, effort: "good", model: { type: "softmax" } });
    expect(linear.training).toMatchObject({ refit: true, calibration: false });
    const weighted = { type: "cross_entropy", classWeights: "balanced" } as const;
    expect(resolve({ task: species, effort: "good", loss: weighted }).training.calibration).toBe(false);
  });

  test("has a penalty of counts that grows with their mean, as a job without one has", () => {
    const counts = { task: { type: "regression", label: "count" }, loss: { type: "poisson_nll" } } as const;
    const absolute = { ...counts, loss: { type: "mean_absolute_error" } } as const;
    const plain = resolve(absolute, small).training.l2;
    const mean = small.columns.find(({ name }) => name === "count")!.mean!;
    expect(mean).toBeGreaterThan(4);
    for (const effort of ["quick", "good"] as const)
      expect(resolve({ ...counts, effort }, small).training.l2).toBeCloseTo(mean * plain, 12);
  });

  test.each([
    [{ task: { type: "clustering" } }, "classifications and regressions"],
    [{ task: species, base: { model: "mdl_01JD0000000000000000000000" } }, "a base brings its own"],
  ] as const)("is refused where it makes no sense: %j", (input, why) => {
    try {
      resolve({ ...(input as Input), effort: "good" });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      expect(error.errors).toMatchObject([{ pointer: "/effort", detail: expect.stringContaining(why) }]);
      return;
    }
    throw new Error("it was accepted");
  });
});
