import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readRows } from "../../../../src/data/columns/read-rows.ts";
import { encodeRows } from "../../../../src/data/preprocessing/encode-rows.ts";
import type { Row } from "../../../../src/domain/datasets/dataset.ts";
import type { JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import type { FoldModel } from "../../../../src/domain/models/cross-validation.ts";
import type { Model } from "../../../../src/domain/models/model.ts";
import { createPredictor } from "../../../../src/engine/train/predictor.ts";
import { decodeSafetensors } from "../../../../src/formats/safetensors/safetensors.ts";
import { artifactKeys } from "../../../../src/store/artifacts/artifact-store.ts";
import { createControl, sendSignal } from "../../../../workers/engine/control.ts";
import { exportStored } from "../../../../workers/exporting/export-stored.ts";
import { readNewestCheckpoint } from "../../../../workers/training/checkpoint-file.ts";
import { fromFoldsContent } from "../../../../workers/training/folds/fold-checkpoint.ts";
import { compiled } from "../../../engine/train/job.ts";
import { bytesOf, runOnnx } from "../../../exporting/runtime.ts";
import { createJobs } from "../jobs.ts";

const diabetes = readFileSync(new URL("../../../data/diabetes.csv", import.meta.url), "utf8").trimEnd();

/** Numbers and texts with gaps, a rare category that some folds do not meet; the second of two classes is half as frequent. */
const mixed = [
  "size,kind,bought",
  ...Array.from({ length: 90 }, (_, i) => {
    const size = i % 11 === 3 ? "" : String(100 + ((i * 37) % 23));
    const kind = i === 7 ? "rare" : (["red", "green", "", "blue"][(i * 7) % 4] ?? "");
    return `${size},${kind},${i % 3 === 0 || size === "101" ? "yes" : "no"}`;
  }),
].join("\n");

const folds = { crossValidation: { folds: 3, repeats: 2, model: "folds" as const } };
const classes: Omit<JobSpecInput, "dataset"> = {
  task: { type: "classification", label: "bought" },
  model: { type: "mlp", hidden: [8], dropout: 0.1, batchNorm: true },
  training: { ...folds, epochs: 4 },
};
const numbers: Omit<JobSpecInput, "dataset"> = {
  task: { type: "regression", label: "progression" },
  model: { type: "linear" },
  training: { crossValidation: { model: "folds" } },
};

type Jobs = Awaited<ReturnType<typeof createJobs>>;
type Run = Awaited<ReturnType<Jobs["train"]>>;

describe("the ensemble of the folds' models", () => {
  let jobs: Jobs;
  /** One that every test but those of numbers looks at. */
  let run: Run;
  beforeAll(async () => {
    jobs = await createJobs();
    run = await jobs.train(mixed, classes);
  });
  afterAll(() => jobs?.close());

  const positionOf = async ({ checkpoints }: Run) =>
    fromFoldsContent(await readNewestCheckpoint(jobs.artifacts, checkpoints, () => {}));
  const stored = (kind: "weights" | "folds", { id, digest }: Pick<Model, "id" | "digest">) =>
    jobs.artifacts.readBytes(artifactKeys[kind]("default", id, digest.replace(/^sha256:/, "")));
  const rowsOf = async (csv: string, { dataset }: Run): Promise<Row[]> =>
    (await readRows(Readable.from([Buffer.from(csv)]), { limit: 1000 }, dataset)).rows;

  /** What the stored model of one fold says behind its own preprocessing, computed apart from what serves the ensemble. */
  const askFold = async (model: Model, fold: number, rows: Row[]): Promise<Float32Array> => {
    const { models } = JSON.parse(Buffer.from(await stored("folds", model)).toString()) as { models: FoldModel[] };
    const { preprocessing } = models[fold]!;
    const { tensors } = decodeSafetensors(await stored("weights", model));
    const weights = new Map(
      tensors.map(({ name, data }) => {
        const each = data.length / models.length;
        return [name, Float32Array.from(data.subarray(fold * each, (fold + 1) * each))];
      }),
    );
    const predictor = await createPredictor(model.spec, preprocessing, weights, await compiled);
    return predictor.predict(encodeRows(preprocessing, rows).inputs);
  };

  test("is stored with the preprocessing of each; what each says of the rows held out from it is its out-of-fold prediction", async () => {
    const { model, report } = await jobs.modelOf(run);
    const rows = await rowsOf(mixed, run);
    const { pool } = await positionOf(run);
    expect(run.plan).toMatchObject({ fits: 6, parameters: model.parameters });
    expect(pool.folds).toHaveLength(6);
    let at = 0;
    for (const [i, { kept }] of pool.folds.entries()) {
      const places = pool.columns.places!.subarray(at, at + kept);
      const said = await askFold(
        model,
        i,
        Array.from(places, (place) => rows[place]!),
      );
      expect(said).toEqual(Float32Array.from(pool.columns.probabilities!.subarray(2 * at, 2 * (at + kept))));
      at += kept;
    }
    expect(report).toMatchObject({
      split: "out_of_fold",
      rows: 90,
      coefficients: null,
      conformal: { type: "fold_sets", rows: 90 },
    });
    expect(report.notes.find(({ code }) => code === "cross_validated")?.message).toContain(
      "the job's own model is the ensemble of these 6 models",
    );
    expect(model.metrics.outOfFoldLoss).toBeGreaterThan(0);
    expect(model.preprocessing.features.map(({ column }) => column)).toEqual(["size", "kind"]);
  });

  test.each([
    ["classes", mixed, classes, 6, 2],
    ["numbers", diabetes, numbers, 5, 1],
  ] as const)(
    "answers with the mean of what each says, and so does its ONNX file: %s",
    async (_, csv, spec, count, width) => {
      const own = spec === classes ? run : await jobs.train(csv, spec);
      const { model, predict } = await jobs.modelOf(own);
      const rows = (await rowsOf(csv, own)).slice(0, 20);
      const { models } = JSON.parse(Buffer.from(await stored("folds", model)).toString()) as { models: FoldModel[] };
      expect(models).toHaveLength(count);
      const said = await Promise.all(models.map((_, i) => askFold(model, i, rows)));
      const expected = Array.from({ length: rows.length * width }, (_, i) => {
        const each = said.map((outputs, fold) => {
          const { label } = models[fold]!.preprocessing;
          return label.type === "number" ? label.mean + label.scale * outputs[i]! : outputs[i]!;
        });
        return each.reduce((sum, value) => sum + value, 0) / count;
      });
      const { predictions } = predict(...rows);
      const answered = predictions.flatMap((each) =>
        "value" in each ? [each.value] : "probabilities" in each ? Object.values(each.probabilities ?? {}) : [],
      );
      expect(answered).toEqual(expected);
      const file = bytesOf(await exportStored(jobs.artifacts, "default", model, { preprocessing: true }));
      const feeds = Object.fromEntries(
        model.preprocessing.features.map(({ column, type }) => {
          const cells = rows.map((row) => row[column] ?? null);
          return type === "number"
            ? [
                column,
                { type: "float64" as const, dims: [20, 1], data: Float64Array.from(cells, (x) => Number(x ?? NaN)) },
              ]
            : [column, { type: "string" as const, dims: [20, 1], data: cells.map((x) => String(x ?? "")) }];
        }),
      );
      const outputs = await runOnnx(file, feeds);
      const exported = (outputs.probabilities ?? outputs.value)!.data as number[];
      for (const [i, value] of expected.entries())
        expect(Math.abs(exported[i]! - value)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)));
      if (width === 2) expect(outputs.label!.data).toEqual(predictions.map((each) => "label" in each && each.label));
    },
  );

  test("leaves as ONNX without the preprocessing with the inputs and outputs of each", async () => {
    const { model } = await jobs.modelOf(run);
    const rows = (await rowsOf(mixed, run)).slice(0, 5);
    const { models } = JSON.parse(Buffer.from(await stored("folds", model)).toString()) as { models: FoldModel[] };
    const file = bytesOf(await exportStored(jobs.artifacts, "default", model, { preprocessing: false }));
    const feeds = Object.fromEntries(
      models.map(({ preprocessing }, i) => {
        const data = encodeRows(preprocessing, rows).inputs;
        return [`features_${i}`, { type: "float32" as const, dims: [5, preprocessing.inputs], data }];
      }),
    );
    const outputs = await runOnnx(file, feeds);
    for (const i of models.keys()) {
      const said = await askFold(model, i, rows);
      for (const [at, value] of said.entries())
        expect(Math.abs((outputs[`probabilities_${i}`]!.data[at] as number) - value)).toBeLessThan(1e-5);
    }
  });

  const filesOf = async (run: Run) => {
    const { model, report } = await jobs.modelOf(run);
    const described = Buffer.from(await stored("folds", model)).toString();
    return { digest: model.digest, metrics: model.metrics, report, described };
  };

  test("is the same to the bit from any checkpoint, and after a stop in the middle of a fold", async () => {
    const expected = await filesOf(run);
    expect(run.checkpoints).toHaveLength(6);
    for (const checkpoint of run.checkpoints) {
      const rest = await jobs.trainOn(run.dataset, classes, null, { checkpoints: [checkpoint] });
      expect(await filesOf(rest)).toEqual(expected);
    }
    const control = createControl();
    const first = await jobs.trainOn(run.dataset, classes, null, {
      ...{ control, checkpointMs: 0, checkpoints: run.checkpoints.slice(-1) },
      onCheckpoint: (count) => {
        if (count === 2) sendSignal(control, "checkpoint");
      },
    });
    expect(first.end).toEqual({ type: "stopped" });
    const position = await positionOf(first);
    expect(position).toMatchObject({ fit: 1, models: { length: 1 }, inner: { step: expect.any(Number) } });
    const rest = await jobs.trainOn(run.dataset, classes, null, { checkpoints: first.checkpoints });
    expect(await filesOf(rest)).toEqual(expected);
  });

  test("is no base, and has no test rows", async () => {
    const { model } = await jobs.modelOf(run);
    const { training: _, ...job } = classes;
    await expect(jobs.train(mixed, { task: job.task }, {}, model)).rejects.toThrow(
      "/base/model: the base is the ensemble of the models of a cross-validation's folds",
    );
    const training = { ...folds, split: { test: 0.2 } };
    await expect(jobs.train(mixed, { ...classes, training })).rejects.toThrow(
      "/training/crossValidation/model: the ensemble of the folds' models is measured by its folds alone, and 18 test rows",
    );
  });
});
