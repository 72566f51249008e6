import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeRows } from "../../../../src/data/preprocessing/encode-rows.ts";
import { withExposures } from "../../../../src/data/preprocessing/encoders/exposure-cell.ts";
import type { Row } from "../../../../src/domain/datasets/dataset.ts";
import type { JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import type { Conformal } from "../../../../src/domain/models/conformal.ts";
import type { Prediction } from "../../../../src/domain/models/predictions/prediction.ts";
import type { Report } from "../../../../src/domain/models/report.ts";
import { compileKernels } from "../../../../src/engine/kernels/load.ts";
import { foldInterval } from "../../../../src/stats/conformal/fold-coverage.ts";
import { withCoverage } from "../../../../src/stats/conformal/with-coverage.ts";
import { measuredOn } from "../../../../src/usecases/models/card/card-report.ts";
import { exportStored } from "../../../../workers/exporting/export-stored.ts";
import { encodeFor } from "../../../../workers/inference/answer.ts";
import { loadModel } from "../../../../workers/inference/load-model.ts";
import { bytesOf, runOnnx } from "../../../exporting/runtime.ts";
import { createJobs } from "../jobs.ts";

const file = (name: string): string[] =>
  readFileSync(new URL(`../../../data/${name}.csv`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n");
const asked = { coverage: 0.9, coverageMethod: "adaptive", emptySets: false } as const;

let jobs: Awaited<ReturnType<typeof createJobs>>;
beforeAll(async () => {
  jobs = await createJobs();
});
afterAll(() => jobs?.close());

const rowsOf = (lines: readonly string[], from: number): Row[] => {
  const names = lines[0]!.split(",");
  return lines.slice(from).map((line) => {
    const cells = line.split(",").map((cell) => (Number.isNaN(Number(cell)) ? cell : Number(cell)));
    return Object.fromEntries(names.map((name, i) => [name, cells[i]!]));
  });
};

/** Trains on the first lines and predicts the others as the service does. */
const predictOthers = async (name: string, trained: number, input: Omit<JobSpecInput, "dataset">) => {
  const lines = file(name);
  const { model, report } = await jobs.modelOf(await jobs.train(lines.slice(0, trained + 1).join("\n"), input));
  const kernels = { module: await compileKernels(), native: null };
  const { value: answer } = await loadModel(jobs.artifacts, kernels, "default", model);
  const rows = rowsOf(lines, trained + 1);
  const { inputs } = encodeRows(model.preprocessing, rows);
  const encoded = encodeFor(answer, inputs, rows.length, (other) => encodeRows(other, rows).inputs);
  const { conformal } = report as { conformal: Conformal };
  const plain = answer(encoded);
  return { conformal, plain, rows, numbers: answer.withFolds!(encoded).numbers(null), encoded, answer, report };
};

test("numbers: intervals by the residuals of the folds and by what each fold's model says of the row", async () => {
  const training = { crossValidation: { folds: 4, repeats: 2, model: "folds" as const } };
  const task = { type: "regression", label: "progression" } as const;
  const found = await predictOthers("diabetes", 300, { task, model: { type: "linear" }, training });
  const { conformal, plain, rows, numbers, report } = found;
  if (conformal.type !== "fold_intervals") throw new Error(conformal.type);
  // Both repeats answer together; the scores are of the first, in which each row was held out once.
  expect(numbers.folds).toHaveLength(8);
  expect(conformal.rows).toBe(300);
  expect(conformal.folds.map(({ length }) => length)).toEqual([75, 75, 75, 75]);
  // Both come of one asking.
  expect(found.answer.withFolds!(found.encoded).predictions).toEqual(plain);
  const { predictions, coverage } = withCoverage(plain, conformal, asked, () => numbers);
  expect(coverage).toMatchObject({ level: 0.9, method: "adaptive", rows: 300 });
  const held = predictions.filter((prediction: Prediction, row) => {
    if (!("value" in prediction) || prediction.interval === undefined) throw new Error("no interval");
    const said = [0, 1, 2, 3].map((fold) => numbers.folds[fold]![row]!);
    expect(prediction.interval).toEqual(foldInterval(conformal, said, 0.9));
    const { lower, upper } = prediction.interval;
    return lower <= Number(rows[row]!.progression) && Number(rows[row]!.progression) <= upper;
  });
  // 142 rows of one split, whose coverage varies by some 3 %; the bench measures it over hundreds.
  expect(held.length / rows.length).toBeGreaterThan(0.8);
  expect(report.notes.find(({ code }) => code === "cross_validated")?.message).toContain("(CV+)");
});

test("counts with an exposure: each fold's model says a count, and the report what counts are of and how rows weigh", async () => {
  const csv = [
    "x,hours,weight,events",
    ...Array.from({ length: 60 }, (_, i) => `${(i * 7) % 11},${1 + (i % 4)},${i % 3},${((i * 5) % 4) * (1 + (i % 4))}`),
  ].join("\n");
  const training = { crossValidation: { folds: 3, repeats: 2, model: "folds" as const } };
  const task = { type: "regression" as const, label: "events", features: ["x"], exposure: "hours", weight: "weight" };
  const { model, report } = await jobs.modelOf(await jobs.train(csv, { task, model: { type: "poisson" }, training }));
  const kernels = { module: await compileKernels(), native: null };
  const { value: answer } = await loadModel(jobs.artifacts, kernels, "default", model);
  const rows = [1, 3].map((hours) => ({ x: 4, hours }));
  const { inputs, exposures } = encodeRows(model.preprocessing, rows);
  const encoded = encodeFor(answer, inputs, rows.length, (other) => encodeRows(other, rows).inputs);
  const { conformal, notes } = report as { conformal: Conformal; notes: Report["notes"] };
  const { folds } = answer.withFolds!(encoded).numbers(exposures);
  for (const [one, three] of folds) expect(three).toBe(3 * one!);
  const plain = withExposures(answer(encoded), exposures);
  const { predictions } = withCoverage(plain, conformal, asked, () => answer.withFolds!(encoded).numbers(exposures));
  if (conformal.type !== "fold_intervals") throw new Error(conformal.type);
  const said = (row: number): number[] => folds.map((own) => own[row]!);
  for (const [row, prediction] of predictions.entries()) {
    if (!("value" in prediction)) throw new Error("no value");
    expect(prediction.value).toBeCloseTo(
      said(row).reduce((sum, own) => sum + own / 6, 0),
      12,
    );
    expect(prediction.interval).toEqual(foldInterval(conformal, said(row), 0.9));
  }
  const file = bytesOf(await exportStored(jobs.artifacts, "default", model, { preprocessing: true }));
  const column = (...cells: number[]) => ({
    ...{ type: "float64" as const, dims: [2, 1] },
    data: Float64Array.from(cells),
  });
  const outputs = await runOnnx(file, { x: column(4, 4), hours: column(1, 3) });
  for (const [row, prediction] of plain.entries())
    expect((outputs.value!.data[row] as number) / ("value" in prediction ? prediction.value : 0)).toBeCloseTo(1, 5);
  expect(notes.map(({ code }) => code)).toContain("exposure");
  // Weights of 0, 1 and 2 of twenty rows each: (20 + 40)² / (20 + 80).
  expect(report).toMatchObject({ weights: { column: "weight", effectiveRows: 36, leftOut: 20 } });
  expect(measuredOn(report)).toContain('weighted by column "weight" (effective n = 36), each predicted');
});

test("classes: sets of cross-conformal prediction, of one output and of several", async () => {
  const training = { crossValidation: { folds: 3, model: "folds" as const }, l2: 0.01 };
  const task = { type: "classification", label: "diagnosis" } as const;
  const one = await predictOthers("breast_cancer", 400, { task, model: { type: "logistic" }, training });
  const several = await predictOthers("breast_cancer", 400, { task, model: { type: "softmax" }, training });
  for (const { conformal, plain, numbers, rows } of [one, several]) {
    if (conformal.type !== "fold_sets") throw new Error(conformal.type);
    expect(numbers).toMatchObject({ width: 2, folds: { length: 3 } });
    expect(conformal.classes.reduce((sum, own) => sum + own.rows, 0)).toBe(400);
    // What the folds say is what the mean is of.
    const [first] = plain;
    if (first === undefined || !("label" in first) || first.probabilities === undefined) throw new Error("no class");
    const mean = numbers.folds.reduce((sum, own) => sum + own[1]! / 3, 0);
    expect(first.probabilities[conformal.classes[1]!.label]).toBeCloseTo(mean, 12);
    const { predictions } = withCoverage(plain, conformal, asked, () => numbers);
    const held = predictions.filter(
      (prediction, row) => "set" in prediction && prediction.set?.includes(String(rows[row]!.diagnosis)),
    );
    expect(held.length / rows.length).toBeGreaterThan(0.85);
  }
});
