import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import type { ClassificationReport, RegressionReport } from "../../../../src/domain/models/report.ts";
import { decodeSafetensors } from "../../../../src/formats/safetensors/safetensors.ts";
import { artifactKeys } from "../../../../src/store/artifacts/artifact-store.ts";
import { createControl, sendSignal } from "../../../../workers/engine/control.ts";
import { readNewestCheckpoint } from "../../../../workers/training/checkpoint-file.ts";
import { fromFoldsContent } from "../../../../workers/training/folds/fold-checkpoint.ts";
import { createJobs } from "../jobs.ts";

const file = (name: string): string =>
  readFileSync(new URL(`../../../data/${name}.csv`, import.meta.url), "utf8").trimEnd();
const fixture: { linear: number[]; logistic: number[] } = JSON.parse(
  readFileSync(new URL("./sklearn-folds.json", import.meta.url), "utf8"),
);

/** The file with a column that says in which fold each row is to be. */
const withFolds = (name: string, folds: number): string =>
  file(name)
    .split("\n")
    .map((line, i) => (i === 0 ? `part,${line}` : `part ${(i - 1) % folds},${line}`))
    .join("\n");

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const diagnosis = { type: "classification", label: "diagnosis" } as const;
const progression = { type: "regression", label: "progression" } as const;

describe("a cross-validation", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs?.close());

  type Run = Awaited<ReturnType<typeof jobs.train>>;
  /** What all folds said, row by row, as the last checkpoint has it. */
  const poolOf = async ({ checkpoints }: Run) =>
    fromFoldsContent(await readNewestCheckpoint(jobs.artifacts, checkpoints, () => {})).pool;
  const inFileOrder = (places: Float64Array, values: Float64Array, width = 1, at = 0): number[] => {
    const ordered: number[] = [];
    for (const [i, place] of places.entries()) ordered[place] = values[i * width + at]!;
    return ordered;
  };

  test("predicts what scikit-learn predicts with the same folds: least squares", async () => {
    const training = { crossValidation: { by: "part" } };
    const run = await jobs.train(withFolds("diabetes", 5), { task: progression, model: { type: "linear" }, training });
    const { columns } = await poolOf(run);
    const predicted = inFileOrder(columns.places!, columns.predictions!);
    expect(predicted).toHaveLength(442);
    for (const [i, value] of predicted.entries()) expect(value / fixture.linear[i]! - 1).toBeCloseTo(0, 8);
    const report = (await jobs.modelOf(run)).report as RegressionReport;
    const squares = predicted.map(
      (value, row) => (value - Number(file("diabetes").split("\n")[row + 1]!.split(",").at(-1))) ** 2,
    );
    expect(report.rootMeanSquaredError.value).toBeCloseTo(Math.sqrt(mean(squares)), 9);
    expect(report).toMatchObject({ split: "out_of_fold", rows: 442, predictionInterval: null });
    expect(report.conformal).toMatchObject({ type: "fold_intervals", rows: 442, folds: { length: 5 } });
    expect(report.crossValidation).toMatchObject({ folds: 5, by: "part", predictions: 442, units: 5, inflation: 2.25 });
    // The model itself is that of all rows, with its inference; the column that the folds went by is none of its features.
    expect(report.trainingFit?.rows).toBe(442);
    expect(report.coefficients?.map(({ term }) => term)).not.toContain("part");
    expect(report.inference).not.toBeNull();
  });

  test("predicts what scikit-learn predicts with the same folds: logistic, the scaling fitted within each fold", async () => {
    const training = { crossValidation: { by: "part" }, l2: 0.01 };
    const run = await jobs.train(withFolds("breast_cancer", 5), {
      ...{ task: diagnosis, model: { type: "logistic" }, training },
    });
    const { columns } = await poolOf(run);
    const predicted = inFileOrder(columns.places!, columns.probabilities!, 2, 1);
    expect(predicted).toHaveLength(569);
    for (const [i, p] of predicted.entries()) expect(p).toBeCloseTo(fixture.logistic[i]!, 6);
  });

  const network: Omit<JobSpecInput, "dataset"> = {
    task: { type: "classification", label: "species" },
    model: { type: "mlp", hidden: [8], dropout: 0.2, batchNorm: true },
    training: { epochs: 6, crossValidation: { folds: 3, repeats: 2 } },
  };

  test("holds every row out once in each repeat, class by class, and tells of each fold", async () => {
    const run = await jobs.train(file("iris"), network);
    const { columns, folds } = await poolOf(run);
    expect(columns.places!.toSorted()).toEqual(Float64Array.from({ length: 300 }, (_, i) => i >> 1));
    expect(folds.map(({ repeat, fold, rows, trainRows }) => [repeat, fold, rows, trainRows])).toEqual(
      [0, 1].flatMap((repeat) => [0, 1, 2].map((fold) => [repeat, fold, 50, 100])),
    );
    for (let fold = 0; fold < 6; fold++) {
      const truths = Array.from(columns.truths!.subarray(50 * fold, 50 * (fold + 1)));
      const counts = [0, 1, 2].map((label) => truths.filter((truth) => truth === label).length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    expect(Array.from(columns.places!.subarray(0, 50))).not.toEqual(Array.from(columns.places!.subarray(150, 200)));
    const report = (await jobs.modelOf(run)).report as ClassificationReport;
    const { metrics } = (await jobs.modelOf(run)).model;
    expect(report).toMatchObject({ split: "out_of_fold", rows: 150, predictionSets: null });
    // Of the first division, in which each row is held out once.
    expect(report.conformal).toMatchObject({ type: "fold_sets", rows: 150 });
    expect(report.crossValidation).toMatchObject({ predictions: 300, units: 150, models: { length: 6 } });
    expect(report.accuracy.value).toBeCloseTo(metrics.outOfFoldAccuracy!, 12);
    expect(report.against?.linear).not.toBeNull();
    expect(report.notes.find(({ code }) => code === "cross_validated")?.message).toContain("150 rows");
    expect(run.events.filter(({ name }) => name === "fold_done").map(({ data }) => [data.repeat, data.fold])).toEqual(
      [1, 2].flatMap((repeat) => [1, 2, 3].map((fold) => [repeat, fold])),
    );
    expect(run.points.map(({ step }) => step)).toEqual(run.points.map(({ step }) => step).toSorted((a, b) => a - b));
    expect(new Set(run.points.map(({ repeat, fold }) => `${repeat}.${fold}`)).size).toBe(7);
    expect(run.plan).toMatchObject({ fits: 7 });
    const alone = await jobs.planOn(run.dataset, { ...network, training: { epochs: 6, split: { test: 0 } } });
    expect(run.plan.parameters).toBe(alone.plan.parameters);
    expect(run.plan.memoryBytes).toBeGreaterThan(alone.plan.memoryBytes);
    expect(run.plan.estimatedSeconds).toBeGreaterThan(4 * alone.plan.estimatedSeconds);
  });

  test("leaves the model of all rows, which a job without folds leaves as well", async () => {
    const run = await jobs.train(file("iris"), network);
    const plain = await jobs.trainOn(run.dataset, { ...network, training: { epochs: 6, split: { test: 0 } } });
    expect((await jobs.modelOf(run)).model.digest).toBe((await jobs.modelOf(plain)).model.digest);
  });

  const filesOf = async (run: Run) => {
    const { model, report } = await jobs.modelOf(run);
    return { digest: model.digest, metrics: model.metrics, report };
  };

  test.each([
    ["a network", "iris", network],
    ["least squares", "diabetes", { task: progression, model: { type: "linear" }, training: { crossValidation: {} } }],
  ] as const)("goes on from any checkpoint, computing no fold again, to the same bits: %s", async (_, name, spec) => {
    const whole = await jobs.train(file(name), spec);
    const expected = await filesOf(whole);
    expect(whole.checkpoints).toHaveLength((whole.plan.fits ?? 0) - 1);
    for (const checkpoint of whole.checkpoints) {
      const rest = await jobs.trainOn(whole.dataset, spec, null, { checkpoints: [checkpoint] });
      expect(await filesOf(rest)).toEqual(expected);
      const done = rest.events.filter((event) => event.name === "fold_done").length;
      expect(done).toBe(whole.checkpoints.indexOf(checkpoint));
    }
  });

  test("stops in the middle of a fold where it is told to, and goes on from there", async () => {
    const expected = await filesOf(await jobs.train(file("iris"), network));
    const dataset = (await jobs.train(file("iris"), network)).dataset;
    const control = createControl();
    // The checkpoint that falls due at once is asked for, and the signal comes with the third: within the first fold.
    const first = await jobs.trainOn(dataset, network, null, {
      control,
      checkpointMs: 0,
      onCheckpoint: (count) => {
        if (count === 3) sendSignal(control, "checkpoint");
      },
    });
    expect(first.end).toEqual({ type: "stopped" });
    const position = fromFoldsContent(await readNewestCheckpoint(jobs.artifacts, first.checkpoints, () => {}));
    expect(position).toMatchObject({ fit: 0, inner: { step: expect.any(Number) } });
    const rest = await jobs.trainOn(dataset, network, null, { checkpoints: first.checkpoints });
    expect(await filesOf(rest)).toEqual(expected);
  });

  test("of a study's trial leaves scores of its units, whose means are the metrics", async () => {
    const training = { crossValidation: { folds: 4, repeats: 2 } };
    const { dataset } = await jobs.train(file("diabetes"), { task: progression, model: { type: "linear" } });
    const run = await jobs.trainOn(dataset, { task: progression, model: { type: "linear" }, training }, null, {
      trial: { pauseAtEpoch: null },
    });
    const { model } = await jobs.modelOf(run);
    const key = artifactKeys.scores("default", model.id, model.digest.replace(/^sha256:/, ""));
    const { tensors } = decodeSafetensors(await jobs.artifacts.readBytes(key));
    const square = tensors.find(({ name }) => name === "square")!.data as Float32Array;
    expect(square).toHaveLength(442);
    expect(mean([...square]) / model.metrics.outOfFoldMeanSquaredError!).toBeCloseTo(1, 4);
  });

  test("sets the test rows aside from every fold, and its model's coverage goes by them", async () => {
    const training = { crossValidation: {}, split: { test: 0.2 } };
    const run = await jobs.train(file("diabetes"), { task: progression, model: { type: "linear" }, training });
    const plain = await jobs.trainOn(run.dataset, {
      ...{ task: progression, model: { type: "linear" }, training: { split: { test: 0.2 } } },
    });
    const { report, model } = await jobs.modelOf(run);
    const alone = await jobs.modelOf(plain);
    expect(model.digest).toBe(alone.model.digest);
    expect(model.metrics.testLoss).toBe(alone.model.metrics.testLoss);
    expect(report).toMatchObject({ split: "out_of_fold", rows: 354 });
    expect((report as RegressionReport).conformal).toEqual((alone.report as RegressionReport).conformal);
  });

  test("is refused where groups leave a fold none to validate", async () => {
    const split = { by: "part", validation: 0.3, test: 0 };
    const training = { split, crossValidation: { by: "part", folds: 2 } };
    const job = { task: progression, model: { type: "mlp" as const, hidden: [4] }, training };
    await expect(jobs.train(withFolds("diabetes", 2), job)).rejects.toThrow(
      "/training/split/validation: the 221 rows that fold 1 learns from leave none to validate; name a column of smaller groups",
    );
  });

  test.each([
    ["clusters", { task: { type: "clustering" } }, {}, "/training/crossValidation: clusters and mixtures predict"],
    [
      "a column that is not there",
      {},
      { by: "patent" },
      '/training/crossValidation/by: the data set has no column "patent"; did you mean',
    ],
    ["the label", {}, { by: "progression" }, '/training/crossValidation/by: "progression" is the label'],
    [
      "too few groups",
      {},
      { by: "part", folds: 6 },
      '/training/crossValidation/by: "part" has 5 values, too few for 6 folds',
    ],
    [
      "too many models",
      {},
      { folds: 50, repeats: 3 },
      "/training/crossValidation/repeats: 50 folds in 3 repeats are 150 models",
    ],
    [
      "too few groups beside those of a test split",
      { training: { split: { test: 0.2 } } },
      { by: "part" },
      '/training/crossValidation/by: "part" has 4 values besides those of the test split, too few for 5 folds',
    ],
  ] as const)("is refused with the field's name: %s", async (_, spec, crossValidation, message) => {
    const csv = withFolds("diabetes", 5)
      .replace("part,", "patient,")
      .replace("patient,", message.includes("patent") ? "patient," : "part,");
    const job = { task: progression, model: undefined, ...spec };
    const training = { ...("training" in spec ? spec.training : {}), crossValidation };
    await expect(jobs.train(csv, { ...job, training } as never)).rejects.toThrow(message);
  });
});
