import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeRows } from "../../../src/data/preprocessing/encode-rows.ts";
import type { Row } from "../../../src/domain/datasets/dataset.ts";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Conformal } from "../../../src/domain/models/conformal.ts";
import { withCoverage } from "../../../src/stats/conformal/with-coverage.ts";
import { createJobs } from "./jobs.ts";

const fixture: {
  csv: string;
  residuals: (number | null)[];
  rows: Row[];
  intervals: { coverage: number; ends: [number, number][] }[];
} = JSON.parse(readFileSync(new URL("../../stats/conformal/leave-one-out.json", import.meta.url), "utf8"));

const task = { type: "regression", label: "y" } as const;
const allRows = { split: { validation: 0, test: 0 } } as const;

let jobs: Awaited<ReturnType<typeof createJobs>>;
beforeAll(async () => {
  jobs = await createJobs();
});
afterAll(() => jobs?.close());

const trained = async (input: Partial<Omit<JobSpecInput, "dataset">> = {}) => {
  const spec = { task, model: { type: "linear" as const }, training: allRows, ...input };
  const own = await jobs.modelOf(await jobs.train(fixture.csv, spec));
  return { ...own, conformal: (own.report as { conformal: Conformal | null }).conformal };
};

const intervalsOf = ({ model, predict, conformal }: Awaited<ReturnType<typeof trained>>, coverage: number) => {
  const { inputs } = encodeRows(model.preprocessing, fixture.rows);
  const asked = { coverage, coverageMethod: "adaptive", emptySets: false } as const;
  return withCoverage(predict(...fixture.rows).predictions, conformal, asked, undefined, inputs);
};

test("least squares of all rows promise coverage by the fits without each row, as so many least squares find them", async () => {
  const found = await trained();
  const { conformal } = found;
  if (conformal?.type !== "leave_one_out") throw new Error(`it is ${conformal?.type}`);
  expect(conformal.rows).toBe(40);
  for (const [row, expected] of fixture.residuals.entries()) {
    const own = conformal.residuals[row];
    // The one row of its group leaves its coefficient undetermined.
    if (expected === null) expect(own).toBeNull();
    else expect(own! - expected).toBeCloseTo(0, 7);
  }
  for (const { coverage, ends } of fixture.intervals) {
    const { predictions, coverage: promised } = intervalsOf(found, coverage);
    expect(promised).toEqual({ level: coverage, method: "adaptive", rows: 40, guaranteed: 1 - 2 * (1 - coverage) });
    for (const [row, prediction] of predictions.entries()) {
      if (!("value" in prediction) || prediction.interval === undefined) throw new Error("no interval");
      // Weights and inputs of the stored model are in single precision.
      expect(prediction.interval.lower).toBeCloseTo(ends[row]![0], 2);
      expect(prediction.interval.upper).toBeCloseTo(ends[row]![1], 2);
    }
  }
  const fifths = conformal.byFifth.reduce((sum, { rows }) => sum + rows, 0);
  expect(fifths).toBe(39);
});

test("the model of all rows of a cross-validation has them, too, and its report says so", async () => {
  const alone = await trained();
  const { conformal, report } = await trained({ training: { crossValidation: { folds: 4 } } });
  expect(conformal).toEqual(alone.conformal);
  const note = "notes" in report ? report.notes.find(({ code }) => code === "cross_validated") : undefined;
  expect(note?.message).toMatch(/learnt from all rows\. .*\(jackknife\+\)$/);
});

test.each<[string, Partial<Omit<JobSpecInput, "dataset">>]>([
  ["a penalty", { training: { ...allRows, l2: 0.1 } }],
  ["an iterative fit", { training: { ...allRows, solver: "iterative", epochs: 3 } }],
  ["rows that belong together", { training: { ...allRows, clusterBy: "group" } }],
  ["weights", { task: { ...task, weight: "b", features: ["a"] } }],
])("nothing is promised where the fit without a row is not known from the one fit: %s", async (_, input) => {
  const csv = fixture.csv.replaceAll(",,", ",1,");
  const own = await jobs.modelOf(
    await jobs.train(csv, { task, model: { type: "linear" }, training: allRows, ...input }),
  );
  expect((own.report as { conformal: Conformal | null }).conformal).toBeNull();
});

test("a test split is gone by where there is one", async () => {
  const { conformal } = await trained({ training: {} });
  expect(conformal?.type).toBe("intervals");
});
