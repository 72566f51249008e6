import type { StoredRow } from "../../../src/data/stored/stored-rows.ts";
import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import { assert, ServiceError } from "../../../src/domain/errors.ts";
import type { TenantId } from "../../../src/domain/ids.ts";
import { weightName } from "../../../src/domain/jobs/spec/rows/row-columns.ts";
import type { Comparison } from "../../../src/domain/models/comparison.ts";
import type { Model } from "../../../src/domain/models/model.ts";
import type { Prediction } from "../../../src/domain/models/predictions/prediction.ts";
import {
  type Answered,
  compareAnswered,
  type Measured,
  measureClasses,
  measureNumbers,
} from "../../../src/stats/compare-models.ts";
import { oneUnit } from "../../../src/stats/report-notes.ts";
import {
  inflated,
  type Sampling,
  sharedRowsInflation,
  weightedRows,
  withWeights,
} from "../../../src/stats/sampling.ts";
import { type ComparedLoss, comparedLoss } from "../../../src/stats/values/compared-loss.ts";
import type { ArtifactStore } from "../../../src/store/artifacts/artifact-store.ts";
import { readReport } from "../../../src/store/artifacts/read-report.ts";
import type { CompareQuestion } from "../../../src/usecases/deps.ts";
import { askBlock, rowsOfBlock } from "../../predicting/answer-blocks.ts";
import type { Answer } from "../answer.ts";
import { heldOutAnswers, unseenRows } from "./held-out-answers.ts";
import { readRows } from "./read-rows.ts";

/** A model's answers for the rows, block by block, between which others are answered. */
const answersFor = async (
  { preprocessing }: Model,
  answer: Answer,
  rows: readonly StoredRow[],
): Promise<Prediction[]> => {
  const predictions: Prediction[] = [];
  const atOnce = rowsOfBlock(preprocessing);
  for (let first = 0; first < rows.length; first += atOnce) {
    predictions.push(...askBlock(answer, preprocessing, rows.slice(first, first + atOnce)).predictions);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return predictions;
};

/** θ of a negative binomial model, as its report has it; null: of others, and where counts vary no more than Poisson's. */
const thetaOf = async (artifacts: ArtifactStore, tenant: TenantId, model: Model): Promise<number | null> => {
  if (model.spec.loss.type !== "negative_binomial_nll") return null;
  const report = await readReport(artifacts, tenant, model);
  return ("inference" in report && report.inference?.shape?.estimate) || null;
};

const classesOf = ({ preprocessing: { label } }: Model): readonly string[] | null =>
  label.type === "classes" ? label.classes : null;

const measure = (
  model: Model,
  predictions: readonly Prediction[],
  labels: readonly (string | number)[],
  sampling: Sampling | null,
  loss: ComparedLoss | undefined,
): Measured => {
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

/** The column whose equal values mark rows that belong together, as the models' splits have it: they are no more independent than its values are. */
const groupColumnOf = (
  models: readonly Model[],
  dataset: Dataset,
): { by: string | null; notes: Comparison["notes"] } => {
  const names = new Set(
    models.flatMap(({ spec: { training } }) => training.split.by ?? training.crossValidation?.by ?? []),
  );
  const known = [...names].filter((by) => dataset.columns.some(({ name }) => name === by));
  if (names.size === 0 || (names.size === 1 && known.length === 1)) return { by: known[0] ?? null, notes: [] };
  const named = [...names].map((name) => JSON.stringify(name)).join(", ");
  const why = names.size > 1 ? "several columns" : "a column that the data set has not";
  const message = `the models were split by ${named}, ${why}: each row counts as one that is independent of the others, and where rows belong together the intervals are too narrow`;
  return { by: null, notes: [{ code: "ungrouped", message }] };
};

const measuredBy = ({ spec: { training }, refit }: Model): string =>
  training.crossValidation !== undefined
    ? ", of the folds' models"
    : refit === undefined
      ? ""
      : ", of the model that was measured before the refit";

/** What must be known of a comparison on rows that were held out. */
const heldOutNotes = async (
  artifacts: ArtifactStore,
  { tenant, models, heldOut }: Question,
): Promise<Comparison["notes"]> => {
  const told = models.filter((_, i) => heldOut![i]!.isOwn);
  if (told.length === 0) return [];
  const whose = told.map((model) => `${model.id}${measuredBy(model)}`).join("; ");
  const folded = told.some(({ spec: { training } }) => training.crossValidation !== undefined)
    ? "; models of folds share training rows, so that intervals of what they said, and of differences from it, are cautious"
    : "";
  const notes = [
    { code: "held_out", message: `answers that were kept when these rows were held out: ${whose}${folded}` },
  ];
  const reports = await Promise.all(told.map((model) => readReport(artifacts, tenant, model)));
  const validated = told.filter((_, i) => reports[i]!.split === "validation").map(({ id }) => id);
  if (validated.length > 0)
    notes.push({
      code: "validation_rows",
      message: `${validated.join(", ")} had no test split: the validation rows were not learnt from, but what was chosen by them (when to stop, a penalty, a threshold) makes it seem a little better on them`,
    });
  return notes;
};

const notesOf = (
  answered: readonly Answered[],
  { heldOut }: Question,
  taken: number,
  among: number,
): Comparison["notes"] => {
  const trained = heldOut === null ? answered.filter(({ trainedOnIt }) => trainedOnIt).map(({ model }) => model) : [];
  const notes = answered.flatMap(({ model, notes }) =>
    notes.map(({ code, message }) => ({ code, message: `${model}: ${message}` })),
  );
  if (trained.length > 0)
    notes.push({
      code: "trained_on_it",
      message: `${trained.join(", ")} learnt from rows of this data set or of the same file, and seem better on them than on new ones; compare on a data set that none of the models has seen, or with "rows": "held_out" on those rows of this one that were held out from all of them`,
    });
  if (taken < among)
    notes.push({ code: "some_rows", message: `${taken} of the ${among} rows were asked, at equal distances` });
  return notes;
};

type Question = CompareQuestion & { tenant: TenantId };

/** Rows of one group are one unit. */
const samplingOf = (weights: Float64Array | null, groups: readonly string[]): Sampling | null => {
  if (groups.length === 0) return weightedRows(weights);
  const units = new Map([...new Set(groups)].map((group, unit) => [group, unit]));
  return withWeights({ unitOf: Int32Array.from(groups, (group) => units.get(group)!), inflation: 1 }, weights);
};

/** Models of folds share training rows. */
const inflationOf = ({ spec: { training } }: Model, isOwn: boolean): number =>
  isOwn && training.crossValidation !== undefined ? sharedRowsInflation(training.crossValidation.folds) : 1;

/** Asks each model about the same rows of a data set. `unprocessable` where no row is left to judge them by. */
export const compareModels = async (
  artifacts: ArtifactStore,
  question: Question,
  answerOf: (model: Model) => Promise<Answer>,
): Promise<Comparison> => {
  const { tenant, models, dataset, trainedOnIt, heldOut } = question;
  const refuse = (pointer: string, detail: string): never => {
    throw new ServiceError("unprocessable", detail, { errors: [{ pointer, detail }] });
  };
  const learnt = new Map(heldOut?.flatMap((one) => one.learnt.map((model) => [model.id, model] as const)));
  const unseen = learnt.size === 0 ? null : await unseenRows(artifacts, tenant, [...learnt.values()], dataset);
  if (unseen?.length === 0)
    refuse(
      "/rows",
      `no row of ${dataset.id} was held out from each of ${[...learnt.keys()].join(", ")}; train them with one seed and one split, or compare them on other data`,
    );
  const { weight, notes } = weightOf(models, dataset);
  const grouped = groupColumnOf(models, dataset);
  const isTold = models.map((_, i) => heldOut?.[i]?.isOwn === true);
  const read = await readRows(artifacts, tenant, models, dataset, { weight, by: grouped.by, unseen, isTold });
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
    refuse(
      "/dataset",
      `no row of ${dataset.id} has a label in ${JSON.stringify(label.column)} that the models know${counts}`,
    );
  }
  const keptOf = <T>(values: readonly T[]): T[] => kept.map((row) => values[row]!);
  const [labels, places] = [keptOf(read.labels), keptOf(read.places)];
  const weights = weight === null ? null : Float64Array.from(keptOf(read.weights));
  const sampling = samplingOf(weights, read.groups.length === 0 ? [] : keptOf(read.groups));
  const isClasses = label.type === "classes";
  const losses = models.map(({ spec }) => spec.loss);
  const thetas = await Promise.all(models.map((model) => thetaOf(artifacts, tenant, model)));
  const compared = isClasses ? null : comparedLoss(losses, thetas, labels.map(Number));
  const answered: Answered[] = [];
  for (const [i, model] of models.entries()) {
    const predictions = isTold[i]
      ? await heldOutAnswers(artifacts, tenant, model, places)
      : await answersFor(model, await answerOf(model), keptOf(read.rows[i]!));
    const inflation = inflationOf(model, isTold[i]!);
    const own = { model: model.id, name: model.name, trainedOnIt: trainedOnIt.includes(model.id), inflation };
    const ofIt = inflated(sampling, inflation, kept.length);
    answered.push({ ...own, ...measure(model, predictions, labels, ofIt, compared?.loss) });
  }
  const among = unseen?.length ?? dataset.rows;
  return {
    ...{ dataset: dataset.id, label: label.column, rows: kept.length, weight, by: grouped.by },
    heldOut: heldOut !== null,
    task: isClasses ? "classification" : "regression",
    measure: compared?.loss.measure ?? "log_likelihood",
    leftOut: {
      learnt: dataset.rows - among,
      unlabelled: read.unlabelled,
      unknown: read.labels.length - known.length,
      weightless: known.length - kept.length,
    },
    ...compareAnswered(answered, sampling),
    // Of what the models' reports say, which is not asked here.
    nested: [],
    notes: [
      ...notes,
      ...grouped.notes,
      ...oneUnit("all rows that are compared", kept.length, sampling),
      ...(heldOut === null ? [] : await heldOutNotes(artifacts, question)),
      ...(compared?.notes ?? []),
      ...notesOf(answered, question, taken, among),
    ],
  };
};
