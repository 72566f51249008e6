import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import { nestedModels, type SolvedModel } from "../../../../src/stats/inference/nested-models.ts";
import { createJobs } from "../../../workers/training/jobs.ts";
import { expectClose, glmCsv } from "./fixtures.ts";

type Input = Omit<JobSpecInput, "dataset">;
type Fixtures = Record<string, { statistic: number; p: number; degrees: number }>;
/** Of R's anova: see nested-models.R. */
const fixtures: Fixtures = JSON.parse(readFileSync(new URL("nested-models.json", import.meta.url), "utf8"));

let jobs: Awaited<ReturnType<typeof createJobs>>;
let dataset: Awaited<ReturnType<typeof jobs.train>>["dataset"];
beforeAll(async () => {
  jobs = await createJobs();
  const first = await jobs.train(glmCsv, specOf(linear, ["x"]));
  dataset = first.dataset;
});
afterAll(() => jobs?.close());

const training = { split: { validation: 0, test: 0 } } as const;
const linear: Input = { task: { type: "regression", label: "number" }, model: { type: "linear" }, training };
const specOf = (of: Input, features: readonly string[], own: Partial<Input> = {}): Input =>
  ({ ...of, ...own, task: { ...of.task, features: [...features] } }) as Input;

const solved = async (spec: Input): Promise<SolvedModel> => {
  const { model, report } = await jobs.modelOf(await jobs.trainOn(dataset, spec));
  return { model, report, data: dataset.sha256! };
};

const counts = (label: string, type: "poisson" | "negative_binomial" | "gamma", more: object = {}): Input => ({
  ...{ task: { type: "regression", label, ...more }, model: { type }, training },
});

test.each([
  ["linear", linear, 155],
  ["linearWeighted", { ...linear, task: { ...linear.task, weight: "weight" } } as Input, 152],
  ["gamma", counts("positive", "gamma"), 155],
  ["logistic", { task: { type: "classification", label: "binary" }, model: { type: "logistic" }, training }, null],
  ["poisson", counts("count", "poisson", { exposure: "exposure" }), null],
  ["negativeBinomial", counts("overdispersed", "negative_binomial"), null],
] as const)(
  "says what R's anova says of two nested models, in either order: %s",
  async (name, spec, residualDegrees) => {
    const pair = [await solved(specOf(spec, ["x"])), await solved(specOf(spec, ["x", "z", "g"]))] as const;
    const { statistic, p, degrees } = fixtures[name]!;
    for (const models of [pair, pair.toReversed()]) {
      const { nested, notes } = nestedModels(models);
      expect(notes).toEqual([]);
      const [tested] = nested;
      expect(tested).toMatchObject({ smaller: pair[0].model.id, larger: pair[1].model.id, degrees, residualDegrees });
      expect(tested!.distribution).toBe(residualDegrees === null ? "chi-squared" : "F");
      expectClose(tested!.statistic, statistic, 1e-6);
      expectClose(tested!.pValue, p, 1e-5);
    }
  },
);

test("says why there is no test: other columns, rows, likelihoods or preprocessing, a penalty, no end", async () => {
  const small = await solved(specOf(linear, ["x"]));
  const reasonOf = async (features: readonly string[], own: Partial<Input> = {}): Promise<string> => {
    const { nested, notes } = nestedModels([small, await solved(specOf(linear, features, own))]);
    expect(nested).toEqual([]);
    expect(notes).toHaveLength(1);
    return notes[0]!.message;
  };
  expect(await reasonOf(["z", "g"])).toContain("neither has all columns of the other");
  const logarithm = { preprocessing: { columns: { x: { logarithm: true } } } } as Partial<Input>;
  expect(await reasonOf(["x", "z"], logarithm)).toContain("with the same preprocessing");
  expect(await reasonOf(["x"])).toContain("determines no coefficient more");
  expect(await reasonOf(["x", "z"], { training: { ...training, l2: 0.1 } })).toContain("with a penalty");
  expect(await reasonOf(["x", "z"], { training: { split: { test: 0.2 } } })).toContain("the same rows");
  const quantile = { model: { type: "quantile" as const } };
  expect(await reasonOf(["x", "z"], quantile)).toContain("a quantile has no likelihood");
  const weighted = { ...linear, task: { ...linear.task, weight: "weight" } } as Input;
  const { notes } = nestedModels([small, await solved(specOf(weighted, ["x", "z"]))]);
  expect(notes[0]?.message).toContain("the same rows");
  const gamma = nestedModels([
    await solved(specOf(counts("positive", "gamma"), ["x"])),
    await solved(specOf({ ...linear, task: { type: "regression", label: "positive" } }, ["x", "z"])),
  ]);
  expect(gamma.notes[0]?.message).toContain("different kinds");
  // A line through the origin is nested in one with an intercept.
  const origin = await solved(specOf(linear, ["x"], { model: { type: "linear", intercept: false } }));
  expect(nestedModels([origin, small]).nested).toMatchObject([{ degrees: 1, smaller: origin.model.id }]);
  const separated = `x,y,z\n${Array.from({ length: 40 }, (_, i) => `${i},${i < 20 ? "a" : "b"},${(i * 7) % 5}`).join("\n")}`;
  const classes: Input = { task: { type: "classification", label: "y" }, model: { type: "logistic" }, training };
  const first = await jobs.train(separated, specOf(classes, ["z"]));
  const second = await jobs.trainOn(first.dataset, specOf(classes, ["x", "z"]));
  const both = await Promise.all(
    [first, second].map(async (run) => ({ ...(await jobs.modelOf(run)), data: "the same" })),
  );
  expect(nestedModels(both).notes[0]?.message).toContain("no end");
});
