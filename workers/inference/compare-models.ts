import { cellNumber } from "../../src/data/columns/number-cell.ts";
import { scanRows } from "../../src/data/columns/scan-rows.ts";
import { createLabelReader } from "../../src/data/preprocessing/label-reader.ts";
import { createRowReader, type StoredRow } from "../../src/data/stored/stored-rows.ts";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import { assert, ServiceError } from "../../src/domain/errors.ts";
import type { TenantId } from "../../src/domain/ids.ts";
import { weightName } from "../../src/domain/jobs/spec/rows/row-columns.ts";
import type { Comparison } from "../../src/domain/models/comparison.ts";
import type { Model } from "../../src/domain/models/model.ts";
import type { Prediction } from "../../src/domain/models/predictions/prediction.ts";
import { fromPointer } from "../../src/domain/pointer.ts";
import type { CsvRecord } from "../../src/formats/csv/csv-record.ts";
import { type Answered, compareAnswered, measureClasses, measureNumbers } from "../../src/stats/compare-models.ts";
import { type Sampling, weightedRows } from "../../src/stats/sampling.ts";
import { type ComparedLoss, comparedLoss } from "../../src/stats/values/compared-loss.ts";
import { type ArtifactStore, artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { reportOf } from "../../src/store/artifacts/model-files.ts";
import { checkFile, openVerified, readVerified } from "../../src/store/artifacts/verified.ts";
import { askBlock, rowsOfBlock } from "../predicting/answer-blocks.ts";
import type { Answer } from "./answer.ts";

const mostRows = 10_000;
/** Encoded numbers of all rows of a model, and probabilities: 128 MiB. */
const mostNumbers = 2 ** 25;

/** Every row, or as many as are compared at equal distances. */
const wantedRows = (models: readonly Model[], { rows }: Dataset): number => {
  const widest = Math.max(...models.map(({ preprocessing: { inputs, outputs } }) => inputs + outputs));
  return Math.min(rows, mostRows, Math.max(1, Math.floor(mostNumbers / widest)));
};

interface Read {
  /** Of each model, in the order of the rows. */
  rows: StoredRow[][];
  /** Of the file, for people. */
  lines: number[];
  /** How much each row counts; empty: once. */
  weights: number[];
  /** Texts of classes, or numbers. */
  labels: (string | number)[];
  unlabelled: number;
}

const labelReaderOf = (model: Model, dataset: Dataset): ((record: CsvRecord) => string | number | undefined) => {
  const reader = createLabelReader(model.spec, dataset);
  assert(reader.type !== "none", "the models have a label");
  if (reader.type === "number") return reader.read;
  return (record) => {
    const index = reader.read(record);
    return index === undefined ? undefined : reader.classes[index];
  };
};

/** Reads the rows that are compared, the file held against its digest. */
const readRows = async (
  artifacts: ArtifactStore,
  tenant: TenantId,
  models: readonly Model[],
  dataset: Dataset,
  weight: string | null,
): Promise<Read> => {
  const weightAt = dataset.columns.findIndex(({ name }) => name === weight);
  const readers = models.map(({ preprocessing }) => createRowReader(preprocessing, dataset));
  const labelOf = labelReaderOf(models[0]!, dataset);
  const wanted = wantedRows(models, dataset);
  const read: Read = { rows: models.map(() => []), lines: [], weights: [], labels: [], unlabelled: 0 };
  let [seen, taken] = [0, 0];
  const handlers = {
    header: () => {},
    record: (record: CsvRecord) => {
      const isNext = seen === Math.floor((taken * dataset.rows) / wanted);
      seen += 1;
      if (!isNext || taken === wanted) return true;
      taken += 1;
      const label = labelOf(record);
      if (label === undefined) read.unlabelled += 1;
      else {
        read.labels.push(label);
        read.lines.push(record.line);
        if (weightAt >= 0) read.weights.push(cellNumber(record, weightAt));
        for (const [i, own] of readers.entries()) read.rows[i]!.push(own(record));
      }
      return true;
    },
  };
  const key = artifactKeys.datasetFile(tenant, dataset.id, dataset.format);
  await scanRows(
    await openVerified(artifacts, key, checkFile(dataset), `the file of ${dataset.id}`),
    handlers,
    dataset,
  );
  return read;
};

/** Nobody has sent rows: what is wrong with one is a fault of the data set, at its line. */
const inDataset = (error: unknown, lines: readonly number[]): unknown => {
  if (!(error instanceof ServiceError)) return error;
  const errors = error.errors.map(({ pointer, detail }) => {
    const [, row, column] = /^\/rows\/(\d+)(?:\/(.*))?$/.exec(pointer) ?? [];
    if (row === undefined) return { pointer, detail };
    const where = column === undefined ? "" : `, column ${JSON.stringify(fromPointer(`/${column}`)?.[0] ?? column)}`;
    return { pointer: "/dataset", detail: `line ${lines[Number(row)]} of the file${where}: ${detail}` };
  });
  const [first] = errors;
  if (first === undefined) return error;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return new ServiceError(error.code, `${first.pointer}: ${first.detail}${more}`, { errors, cause: error });
};

/** A model's answers for the rows, block by block, between which others are answered. */
const answersFor = async (
  { preprocessing }: Model,
  answer: Answer,
  rows: readonly StoredRow[],
): Promise<Prediction[]> => {
  const predictions: Prediction[] = [];
  const atOnce = rowsOfBlock(preprocessing);
  for (let first = 0; first < rows.length; first += atOnce) {
    predictions.push(...askBlock(answer, preprocessing, rows.slice(first, first + atOnce), first).predictions);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return predictions;
};

/** θ of a negative binomial model, as its report has it; null: of others, and where counts vary no more than Poisson's. */
const thetaOf = async (artifacts: ArtifactStore, tenant: TenantId, model: Model): Promise<number | null> => {
  if (model.spec.loss.type !== "negative_binomial_nll") return null;
  const { key, check, what } = reportOf(tenant, model);
  const bytes = await readVerified(artifacts, key, check, what);
  const report: { inference?: { shape?: { estimate: number } | null } | null } = JSON.parse(
    Buffer.from(bytes).toString(),
  );
  return report.inference?.shape?.estimate ?? null;
};

const classesOf = ({ preprocessing: { label } }: Model): readonly string[] | null =>
  label.type === "classes" ? label.classes : null;

const measure = (
  model: Model,
  predictions: readonly Prediction[],
  labels: readonly (string | number)[],
  sampling: Sampling | null,
  loss: ComparedLoss | undefined,
): Pick<Answered, "measures" | "figures" | "notes"> => {
  const classes = classesOf(model);
  if (classes === null) {
    const values = Float64Array.from(predictions, (each) => ("value" in each ? each.value : Number.NaN));
    return measureNumbers(values, Float64Array.from(labels, Number), sampling, loss);
  }
  const codes = new Map(classes.map((name, i) => [name, i]));
  const probabilities = new Float64Array(predictions.length * classes.length);
  for (const [row, each] of predictions.entries()) {
    assert("probabilities" in each && !Array.isArray(each.probabilities), "classifiers answer with probabilities");
    const own = each.probabilities as Record<string, number>;
    for (const [k, name] of classes.entries()) probabilities[row * classes.length + k] = own[name]!;
  }
  return measureClasses(
    classes,
    probabilities,
    Int32Array.from(labels, (label) => codes.get(label as string)!),
    {
      threshold: model.preprocessing.label.type === "classes" ? (model.preprocessing.label.threshold ?? null) : null,
      sampling,
    },
  );
};

/** The column that the rows count by: as all models have it, and the data set too; and what must be known where they do not. */
const weightOf = (
  models: readonly Model[],
  dataset: Dataset,
): { weight: string | null; notes: Comparison["notes"] } => {
  const names = [...new Set(models.map(({ task }) => weightName(task)))];
  const [weight = null] = names;
  if (weight === null && names.length === 1) return { weight, notes: [] };
  const unweighted = (why: string) => ({
    weight: null,
    notes: [{ code: "unweighted", message: `each row counts once: ${why}` }],
  });
  if (names.length > 1) {
    const named = names.map((name) => (name === null ? "none" : JSON.stringify(name))).join(", ");
    return unweighted(`the models learnt with different weights of rows (${named})`);
  }
  const column = dataset.columns.find(({ name }) => name === weight);
  const usable =
    column?.type === "number" && column.missing === 0 && (column.minimum ?? 0) >= 0 && (column.maximum ?? 0) > 0;
  if (usable) return { weight, notes: [] };
  return unweighted(
    `the models count rows by ${JSON.stringify(weight)}, ${column === undefined ? "which the data set has not" : "which has no number from 0 on in every row"}; upload it with that column to compare by it`,
  );
};

const notesOf = (answered: readonly Answered[], dataset: Dataset, taken: number): Comparison["notes"] => {
  const trained = answered.filter(({ trainedOnIt }) => trainedOnIt).map(({ model }) => model);
  const notes = answered.flatMap(({ model, notes }) =>
    notes.map(({ code, message }) => ({ code, message: `${model}: ${message}` })),
  );
  if (trained.length > 0)
    notes.push({
      code: "trained_on_it",
      message: `${trained.join(", ")} learnt from rows of this data set or of the same file, and seem better on them than on new ones; compare on a data set that none of the models has seen, or read their reports, which are about rows that were held out`,
    });
  if (taken < dataset.rows)
    notes.push({ code: "some_rows", message: `${taken} of the ${dataset.rows} rows were asked, at equal distances` });
  return notes;
};

interface Question {
  tenant: TenantId;
  models: readonly Model[];
  dataset: Dataset;
  /** Those of the models that learnt from these rows. */
  trainedOnIt: readonly string[];
}

/** Asks each model about the same rows of a data set. `unprocessable` where no row is left to judge them by. */
export const compareModels = async (
  artifacts: ArtifactStore,
  { tenant, models, dataset, trainedOnIt }: Question,
  answerOf: (model: Model) => Promise<Answer>,
): Promise<Comparison> => {
  const { weight, notes } = weightOf(models, dataset);
  const read = await readRows(artifacts, tenant, models, dataset, weight);
  const taken = read.labels.length + read.unlabelled;
  const sets = models.flatMap((model) => {
    const classes = classesOf(model);
    return classes === null ? [] : [new Set(classes)];
  });
  const known = Array.from(read.labels.keys()).filter((row) =>
    sets.every((classes) => classes.has(read.labels[row] as string)),
  );
  // Rows of weight 0 do not count.
  const kept = weight === null ? known : known.filter((row) => read.weights[row]! > 0);
  const { label } = models[0]!.preprocessing;
  assert(label.type !== "none", "the models have a label");
  if (kept.length === 0) {
    const counts = weight === null ? "" : `, and a weight above 0 in ${JSON.stringify(weight)}`;
    const detail = `no row of ${dataset.id} has a label in ${JSON.stringify(label.column)} that the models know${counts}`;
    throw new ServiceError("unprocessable", detail, { errors: [{ pointer: "/dataset", detail }] });
  }
  const labels = kept.map((row) => read.labels[row]!);
  const lines = kept.map((row) => read.lines[row]!);
  const sampling = weight === null ? null : weightedRows(Float64Array.from(kept, (row) => read.weights[row]!));
  const isClasses = label.type === "classes";
  const losses = models.map(({ spec }) => spec.loss);
  const thetas = await Promise.all(models.map((model) => thetaOf(artifacts, tenant, model)));
  const compared = isClasses ? null : comparedLoss(losses, thetas, labels.map(Number));
  const answered: Answered[] = [];
  for (const [i, model] of models.entries()) {
    const rows = kept.map((row) => read.rows[i]![row]!);
    const predictions = await answersFor(model, await answerOf(model), rows).catch((error: unknown) => {
      throw inDataset(error, lines);
    });
    const own = { model: model.id, name: model.name, trainedOnIt: trainedOnIt.includes(model.id) };
    answered.push({ ...own, ...measure(model, predictions, labels, sampling, compared?.loss) });
  }
  return {
    ...{ dataset: dataset.id, label: label.column, rows: kept.length, weight },
    task: isClasses ? "classification" : "regression",
    measure: compared?.loss.measure ?? "log_likelihood",
    leftOut: {
      unlabelled: read.unlabelled,
      unknown: read.labels.length - known.length,
      weightless: known.length - kept.length,
    },
    ...compareAnswered(answered, sampling),
    // Of what the models' reports say, which is not asked here.
    nested: [],
    notes: [...notes, ...(compared?.notes ?? []), ...notesOf(answered, dataset, taken)],
  };
};
