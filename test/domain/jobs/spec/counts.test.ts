import { describe, expect, it } from "vitest";
import { resolveSpec } from "../../../../src/domain/jobs/spec/defaults.ts";
import type { JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import { countWarnings } from "../../../../src/domain/jobs/spec/rows/count-label.ts";
import { datasetOf, jobSpec, streamOf } from "../../../data/csv-fixtures.ts";

/** Quantiles of a geometric distribution of the mean 2, which varies more than Poisson's. */
const geometric = (i: number): number => Math.floor(Math.log((i + 0.5) / 120) / Math.log(2 / 3));
const labels: Record<string, (i: number) => number | string> = {
  visits: geometric,
  rating: (i) => (i % 7 === 0 ? 0 : 5 + (i % 6)),
  hour: (i) => i % 24,
  answer: (i) => i % 2,
  code: (i) => [0, 1, 7][i % 3]!,
  halves: (i) => geometric(i) / 2,
  below: (i) => geometric(i) - 1,
  age: (i) => 18 + geometric(i),
};
const names = Object.keys(labels);
const line = (i: number): string => [i % 5, ...names.map((name) => labels[name]!(i))].join();
const table = await datasetOf(() =>
  streamOf(`x,${names.join()}\n${Array.from({ length: 120 }, (_, i) => line(i)).join("\n")}\n`, 1000),
);

type Input = Omit<JobSpecInput, "dataset" | "task">;
const asked = (label: string, input: Input = {}) =>
  jobSpec({ ...input, task: { type: "regression", label, features: ["x"] } });
const resolve = (label: string, input: Input = {}) => resolveSpec(asked(label, input), table);
const warningsOf = (label: string, input: Input = {}) =>
  countWarnings(resolve(label, input), table, asked(label, input));

describe("a label that looks like a count", () => {
  it("has Poisson's likelihood by default, in one network and in several, and the plan says so", () => {
    for (const input of [{}, { model: { type: "mlp" } }, { effort: "good" }] as const) {
      expect(resolve("visits", input).loss).toEqual({ type: "poisson_nll" });
      expect(warningsOf("visits", input)[0]).toMatch(/"visits" is taken for a count.*set loss to/);
    }
    // The record asks for the same job.
    const spec = resolve("visits");
    const { dataset: _, ...again } = spec;
    expect(resolveSpec(jobSpec(again as Omit<JobSpecInput, "dataset">), table)).toEqual(spec);
  });

  it("keeps what the job states, with a warning where that is a squared error", () => {
    const squared = { loss: { type: "mean_squared_error" } } as const;
    expect(resolve("visits", squared).loss.type).toBe("mean_squared_error");
    for (const input of [squared, { model: { type: "linear" } }] as const)
      expect(warningsOf("visits", input)[0]).toMatch(/may answer below 0.*"negative_binomial"/);
    for (const input of [{ loss: { type: "poisson_nll" } }, { model: { type: "negative_binomial" } }] as const)
      expect(warningsOf("visits", input)).toEqual([]);
  });

  it.each(names.filter((name) => name !== "visits"))("is not %s", (name) => {
    expect(resolve(name).loss.type).toBe("mean_squared_error");
    expect(warningsOf(name)).toEqual([]);
  });

  it("has a penalty as strong as its likelihood is curved, which is its mean a row", () => {
    const mean = table.columns.find(({ name }) => name === "visits")!.mean!;
    expect(mean).toBeGreaterThan(1.5);
    const l2Of = (input: Input) => resolve("visits", input).training.l2;
    const plain = l2Of({ loss: { type: "mean_absolute_error" } });
    expect(l2Of({})).toBeCloseTo(mean * plain, 12);
    expect(l2Of({ effort: "good" })).toBeCloseTo(mean * plain, 12);
    expect(l2Of({ training: { l2: 0.125 } })).toBe(0.125);
  });
});
