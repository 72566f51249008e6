import { expect } from "vitest";
import { dataShape } from "../../../src/data/preprocessing/data-shape.ts";
import { createLabelReader } from "../../../src/data/preprocessing/label-reader.ts";
import { countRows } from "../../../src/data/splits/count-rows.ts";
import { fitsOf } from "../../../src/data/splits/fits.ts";
import type { Split } from "../../../src/data/splits/split.ts";
import { visitSplitRows } from "../../../src/data/splits/split-rows.ts";
import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import { ServiceError } from "../../../src/domain/errors.ts";
import { resolveSpec } from "../../../src/domain/jobs/spec/defaults.ts";
import type { JobSpecInput, ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { datasetOf, jobSpec, streamOf } from "../csv-fixtures.ts";

export type Training = JobSpecInput["training"];
export type Rows = Record<Split, number[]>;

export const openOf = (csv: string) => () => streamOf(csv, 4096);

/** The rows of each split, as training reads them and as the plan foresees them. */
export const rowsOfSpec = async (csv: string, own: ResolvedJobSpec, dataset: Dataset): Promise<Rows> => {
  const rows: Rows = { train: [], validation: [], test: [] };
  await visitSplitRows(own, dataset, openOf(csv), createLabelReader(own, dataset), (_, name, __, place) =>
    rows[name].push(place),
  );
  const shape = dataShape(own, dataset);
  expect([shape.trainRows, shape.validationRows, shape.testRows]).toEqual([
    ...[rows.train.length, rows.validation.length, rows.test.length],
  ]);
  return rows;
};

/** Counts, resolves, and tells which rows of the file are in which split: of the job, and of each fit. */
export const split = async (
  csv: string,
  training: Training,
  task: JobSpecInput["task"] = { type: "regression", label: "y" },
) => {
  const plain = await datasetOf(openOf(csv));
  const asked = jobSpec({ task, model: { type: task.type === "regression" ? "linear" : "softmax" }, training });
  const dataset = await countRows(asked, plain, openOf(csv));
  const spec = resolveSpec(asked, dataset);
  expect(resolveSpec(spec, await countRows(spec, plain, openOf(csv)))).toEqual(spec);
  const rowsOf = (own: ResolvedJobSpec): Promise<Rows> => rowsOfSpec(csv, own, dataset);
  const fits = fitsOf(spec, dataset, null).filter(({ heldOut }) => heldOut !== null);
  return { dataset, spec, rows: await rowsOf(spec), folds: await Promise.all(fits.map((fit) => rowsOf(fit.spec))) };
};

export const errorOf = async (
  csv: string,
  training: Training,
): Promise<{ code: string; pointer: string; detail: string; message: string }> => {
  try {
    await split(csv, training);
  } catch (error) {
    if (error instanceof ServiceError) return { code: error.code, message: error.message, ...error.errors[0]! };
    throw error;
  }
  throw new Error("the split was accepted");
};

export const table = (rows: readonly (string | number)[][], names = "x,g,y"): string =>
  [names, ...rows.map((row) => row.join(","))].join("\n");
