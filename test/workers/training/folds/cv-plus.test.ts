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
import { loadMeasured, loadModel } from "../../../../workers/inference/load-model.ts";
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
  return { conformal, plain, rows, numbers: answer.withFolds!(encoded).numbers(null), encoded, answer, report, model };
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

/** What the models beside a model say of the rows of a text. */
const measuredOf = async (run: Awaited<ReturnType<typeof jobs.train>>, rows: Row[]) => {
  const { model, report } = await jobs.modelOf(run);
  const kernels = { module: await compileKernels(), native: null };
  const { value: answer } = await loadMeasured(jobs.artifacts, kernels, "default", model);
  const { inputs } = encodeRows(model.preprocessing, rows);
  const encoded = answer && encodeFor(answer, inputs, rows.length, (other) => encodeRows(other, rows).inputs);
  return {
    model,
    report: report as Report & { conformal: Conformal | null },
    said: encoded && answer.withFolds!(encoded),
  };
};

test.each([
  ["numbers", "diabetes", { type: "regression", label: "progression" }, { model: { type: "linear" } }],
  ["classes", "breast_cancer", { type: "classification", label: "diagnosis" }, { model: { type: "logistic" } }],
  [
    "quantiles",
    "diabetes",
    { type: "regression", label: "progression" },
    { model: { type: "mlp", hidden: [4] }, loss: { type: "pinball", interval: 0.8 } },
  ],
] as const)(
  "a model of all rows keeps the folds' models of the first division, and promises what they do as an ensemble: %s",
  async (_, name, task, own) => {
    const training = { l2: 0.01, ...("loss" in own ? { epochs: 3 } : {}) };
    const spec = (model: "folds" | "all_rows") => ({
      ...({ task, ...own } as Omit<JobSpecInput, "dataset">),
      training: { ...training, crossValidation: { folds: 3, repeats: 2, model } },
    });
    const lines = file(name);
    const csv = lines.slice(0, 201).join("\n");
    const rows = rowsOf(lines, 201).slice(0, 60);
    const run = await jobs.train(csv, spec("all_rows"));
    const { model, report, said } = await measuredOf(run, rows);
    const ensemble = await predictOthers(name, 200, spec("folds"));
    expect(report.conformal).toEqual(ensemble.conformal);
    const { folds, width } = ensemble.numbers;
    const first = folds.slice(0, 3).map((numbers) => numbers.subarray(0, 60 * width));
    expect(said?.numbers(null)).toEqual({ width, folds: first });
    // As large as the plan said.
    expect(run.plan.measuredBytes).toBe(4 * 3 * model.parameters);
    expect(model.files?.measured?.bytes).toBeGreaterThan(run.plan.measuredBytes!);
    expect(report.notes.find(({ code }) => code === "cross_validated")?.message).toContain("kept beside this one");
    const { predictions } = (await jobs.modelOf(run)).predict(...rows);
    const promised = withCoverage(predictions, report.conformal, asked, () => said!.numbers(null));
    const others = withCoverage(ensemble.plain.slice(0, 60), ensemble.conformal, asked, () => ensemble.numbers);
    expect(promised.coverage).toEqual(others.coverage);
    for (const [row, prediction] of promised.predictions.entries())
      if ("interval" in prediction)
        expect(prediction.interval).toEqual((others.predictions[row] as typeof prediction).interval);
    // From any checkpoint, the same file.
    for (const checkpoint of run.checkpoints.slice(0, 3)) {
      const rest = await jobs.trainOn(run.dataset, spec("all_rows"), null, { checkpoints: [checkpoint] });
      expect((await jobs.modelOf(rest)).model.files?.measured).toEqual(model.files?.measured);
    }
    if (own.model.type !== "mlp") return;
    const exported = bytesOf(await exportStored(jobs.artifacts, "default", ensemble.model, { preprocessing: true }));
    const cells = (column: string) => ({
      ...{ type: "float64" as const, dims: [60, 1] },
      data: Float64Array.from(rows, (row) => Number(row[column])),
    });
    const columns = ensemble.model.preprocessing.features.map(({ column }) => [column, cells(column)] as const);
    const outputs = await runOnnx(exported, Object.fromEntries(columns));
    for (const [row, prediction] of ensemble.plain.slice(0, 60).entries()) {
      if (!("value" in prediction) || prediction.quantiles === undefined) throw new Error("no quantiles");
      const { value, quantiles } = prediction;
      const told = { value, lower: quantiles.lower, upper: quantiles.upper };
      expect(told.lower <= value && value <= told.upper).toBe(true);
      for (const key of ["value", "lower", "upper"] as const)
        expect((outputs[key]!.data[row] as number) / told[key]).toBeCloseTo(1, 4);
    }
  },
);

test("what promises more, or would promise nothing, keeps no folds' models", async () => {
  const csv = file("diabetes").slice(0, 121).join("\n");
  const task = { type: "regression", label: "progression" } as const;
  const model = { type: "linear" } as const;
  const trained = async (training: NonNullable<JobSpecInput["training"]>) => {
    const run = await jobs.train(csv, { task, model, training });
    return { plan: run.plan, ...(await measuredOf(run, rowsOf(file("diabetes"), 400))) };
  };
  const crossValidation = { folds: 3 };
  const [leftOut, tested] = [
    await trained({ crossValidation }),
    await trained({ crossValidation, l2: 0.1, split: { test: 0.25 } }),
  ];
  expect(leftOut.report.conformal?.type).toBe("leave_one_out");
  expect(tested.report.conformal?.type).toBe("intervals");
  expect(tested.plan.measuredBytes).toBeUndefined();
  for (const { model, said } of [leftOut, tested]) expect([model.files?.measured, said]).toEqual([undefined, null]);
});

test("a refit keeps the model that was measured, whose answers its intervals and sets are about", async () => {
  const lines = file("breast_cancer");
  const rows = rowsOf(lines, 1).slice(0, 120);
  const task = { type: "classification", label: "diagnosis", threshold: 0.3 } as const;
  const training = { split: { test: 0.3, validation: 0.2 }, calibration: "isotonic", epochs: 5 } as const;
  const model: JobSpecInput["model"] = { type: "mlp", hidden: [4] };
  const measured = await jobs.train(lines.join("\n"), { task, model, training });
  const run = await jobs.train(lines.join("\n"), { task, model, training: { ...training, refit: true } });
  const { model: kept, report, said } = await measuredOf(run, rows);
  const own = (await jobs.modelOf(measured)).predict(...rows).predictions;
  expect(said?.predictions).toEqual(own);
  const { predictions } = (await jobs.modelOf(run)).predict(...rows);
  expect(predictions).not.toEqual(own);
  const conformal = report.conformal!;
  const sets = (of: readonly Prediction[]) => of.map((each) => ("set" in each ? each.set?.toSorted() : null));
  const options = { ...asked, emptySets: true };
  const answer = withCoverage(predictions, conformal, options, undefined, undefined, own);
  expect(answer.coverage).toMatchObject({ guaranteed: 0.9 });
  expect(sets(answer.predictions)).toEqual(sets(withCoverage(own, conformal, options).predictions));
  expect(run.plan.measuredBytes).toBe(4 * kept.parameters);
  expect(report.notes.find(({ code }) => code === "refitted")?.message).toContain("is kept beside it");
  for (const checkpoint of run.checkpoints) {
    const spec = { task, model, training: { ...training, refit: true } };
    const rest = await jobs.trainOn(run.dataset, spec, null, { checkpoints: [checkpoint] });
    expect((await jobs.modelOf(rest)).model.files?.measured).toEqual(kept.files?.measured);
  }
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

test("so it does with validation rows, by which something was chosen; with isotonic curves of each fit's own by those", async () => {
  const csv = file("breast_cancer").slice(0, 201).join("\n");
  const spec = (training: object) => ({
    ...{ task: { type: "classification" as const, label: "diagnosis" }, model: { type: "mlp" as const, hidden: [4] } },
    training: { epochs: 3, l2: 0.01, split: { validation: 0.2 }, ...training },
  });
  const folds = { folds: 3 };
  const run = await jobs.train(csv, spec({ crossValidation: folds }));
  const { report, model } = await jobs.modelOf(run);
  const ensemble = await jobs.modelOf(
    await jobs.train(csv, spec({ crossValidation: { ...folds, model: "folds" as const } })),
  );
  const conformalOf = (of: Report) => ("conformal" in of ? of.conformal : null);
  expect(conformalOf(report)).toMatchObject({ type: "fold_sets", rows: 200 });
  expect(conformalOf(report)).toEqual(conformalOf(ensemble.report));
  expect(model.files?.measured).toBeDefined();
  expect(run.plan.measuredBytes).toBe(4 * 3 * model.parameters);
  const isotonic = await jobs.modelOf(await jobs.train(csv, spec({ crossValidation: folds, calibration: "isotonic" })));
  expect(conformalOf(isotonic.report)).toMatchObject({ type: "sets", rows: 40 });
  expect(isotonic.model.files?.measured).toBeUndefined();
  // Rows were held out from the folds' models, though the model of all rows has learnt from each.
  const all = await jobs.modelOf(await jobs.train(csv, spec({ crossValidation: folds, split: {} })));
  for (const { report: of } of [{ report }, all])
    expect(of.notes.map(({ code }) => code)).not.toContain("training_rows");
});
