import { unfitColumns } from "../../data/stored/stored-rows.ts";
import type { Dataset } from "../../domain/datasets/dataset.ts";
import { type FieldError, firstOfFaults, orNull, ServiceError } from "../../domain/errors.ts";
import { isMeasuredItself } from "../../domain/jobs/spec/base/base-rows.ts";
import { classCounts } from "../../domain/jobs/spec/task-columns.ts";
import { type ComparedModel, CompareRequest, type Comparison } from "../../domain/models/comparison.ts";
import { isImported, type Model } from "../../domain/models/model.ts";
import { columnDrift } from "../../stats/explaining/column-drift.ts";
import { nestedModels } from "../../stats/inference/nested-models.ts";
import { learntFrom } from "../../store/learnt-from.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import type { Deps } from "../deps.ts";
import { getModel } from "./get-model.ts";
import { getModelReport } from "./get-model-report.ts";
import { unlessDeleted } from "./unless-deleted.ts";

const refuse = (errors: readonly FieldError[]): never => {
  throw new ServiceError("invalid", firstOfFaults(errors), { errors: errors.slice(0, 20) });
};

/** What is not there is the request's fault, at its place. */
const at = async <T>(pointer: string, read: () => Promise<T>): Promise<T> => {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== "not_found") throw error;
    return refuse([{ pointer, detail: error.message }]);
  }
};

const modelsOf = async (deps: Deps, caller: Caller, named: readonly string[]): Promise<Model[]> => {
  const models: Model[] = [];
  for (const [i, id] of named.entries()) {
    const pointer = `/models/${i}`;
    const model = await at(pointer, () => getModel(deps, caller, { id }));
    if (isImported(model))
      return refuse([{ pointer, detail: `${model.id} was imported, and its inputs are no columns` }]);
    const { label } = model.preprocessing;
    if (label.type === "none")
      return refuse([{ pointer, detail: `${model.id} predicts no label that it could be held against` }]);
    const first = models[0]?.preprocessing.label ?? label;
    if (first.type !== label.type || first.column !== label.column) {
      const detail = `${model.id} predicts ${JSON.stringify(label.column)} as ${label.type === "classes" ? "a class" : "a number"}, which ${models[0]?.id} does not; compare models of one label`;
      return refuse([{ pointer, detail }]);
    }
    const before = models.findIndex((other) => other.id === model.id);
    if (before >= 0)
      return refuse([{ pointer, detail: `is ${model.id}, as /models/${before} is; name each model once` }]);
    models.push(model);
  }
  return models;
};

const requireLabel = ({ preprocessing: { label } }: Model, dataset: Dataset): void => {
  if (label.type === "none") return;
  const column = dataset.columns.find(({ name }) => name === label.column);
  const name = JSON.stringify(label.column);
  const wrong = (detail: string): never => refuse([{ pointer: "/dataset", detail }]);
  if (column === undefined)
    wrong(`the data set has no column ${name}, which the models predict; it is needed to judge them`);
  else if (label.type === "number" && column.type !== "number")
    wrong(`${name} is a ${column.type} in the data set and a number to the models`);
  else if (label.type === "classes" && classCounts(column) === null)
    wrong(`${name} has too many different values in the data set to be classes; upload it with the type category`);
};

/** The data set that a model learnt from; null: it was deleted. */
const datasetOf = async (deps: Deps, caller: Caller, { dataset }: Model): Promise<Dataset | null> =>
  dataset === null ? null : orNull(deps.catalogue.dataset(caller.tenant, dataset));

/** Of each model those of its line that learnt from the file, under whatever id it was uploaded. */
const learntOf = (
  deps: Deps,
  caller: Caller,
  models: readonly Model[],
  dataset: Dataset,
): Promise<{ learnt: Model[]; isOwn: boolean }[]> =>
  Promise.all(
    models.map(async (model) => {
      const learnt = await learntFrom(deps.catalogue, caller.tenant, model, dataset);
      return { learnt, isOwn: learnt[0] === model };
    }),
  );

/** What a model itself said of rows was said before its refit, or by folds' models: what starts from its weights starts from all that these have learnt from. */
const requireHeldOut = (models: readonly Model[], learnt: readonly { learnt: readonly Model[] }[]): void => {
  for (const [i, one] of learnt.entries())
    for (const model of one.learnt) {
      const pointer = `/models/${i}`;
      const otherwise = 'leave "rows" out, or compare on other data';
      if (model.id !== models[i]!.id && !isMeasuredItself(model)) {
        const detail = `${models[i]!.id} starts from ${model.id}, which learnt in the end from the rows that it was measured on, too (a refit, an effort or a cross-validation), so that none was held out; ${otherwise}`;
        refuse([{ pointer, detail }]);
      }
      if (model.files?.heldOut === undefined) {
        const detail = `${model.id} learnt from this data set and keeps no predictions of rows that were held out: none were, it is a trial's, or of an earlier version; ${otherwise}`;
        refuse([{ pointer, detail }]);
      }
    }
};

const driftOf = (model: Model, dataset: Dataset, trained: Dataset | null): ComparedModel["drift"] => {
  if (trained === null) return null;
  const { label, features } = model.preprocessing;
  const names = [...features.map(({ column }) => column), ...(label.type === "none" ? [] : [label.column])];
  return columnDrift(names, dataset, trained);
};

/** Tests of the solved ones among the models, by what their reports say of their training rows. */
const nestedOf = async (
  deps: Deps,
  caller: Caller,
  models: readonly Model[],
  datasets: readonly (Dataset | null)[],
): Promise<Pick<Comparison, "nested" | "notes">> => {
  const solved = await Promise.all(
    models.map(async (model, i) => {
      if (model.spec.training.solver !== "exact") return [];
      const report = await getModelReport(deps, caller, { id: model.id });
      return [{ model, report, data: datasets[i]?.sha256 ?? model.dataset ?? "" }];
    }),
  );
  return nestedModels(solved.flat());
};

/**
 * Asks models of one label about the same rows of a data set, and compares their answers pair by pair. `invalid` with a pointer where they cannot be compared.
 */
export const compareModels = async (deps: Deps, caller: Caller, request: { body: unknown }): Promise<Comparison> => {
  const asked = parse(CompareRequest, request.body);
  const models = await modelsOf(deps, caller, asked.models);
  const dataset = await at("/dataset", () => deps.catalogue.dataset(caller.tenant, asked.dataset));
  requireLabel(models[0]!, dataset);
  const faults = models.flatMap(({ id, preprocessing }) =>
    unfitColumns(preprocessing, dataset).map(({ pointer, detail }) => ({ pointer, detail: `${detail} (${id})` })),
  );
  if (faults.length > 0) refuse(faults);
  const learnt = await learntOf(deps, caller, models, dataset);
  // Of the same file nothing is asked but its SHA-256.
  const datasets = await Promise.all(
    models.map((model, i) => (learnt[i]!.isOwn ? dataset : datasetOf(deps, caller, model))),
  );
  const trainedOnIt = models.filter((_, i) => learnt[i]!.learnt.length > 0).map(({ id }) => id);
  const heldOut = asked.rows === "held_out" ? learnt : null;
  if (heldOut !== null) requireHeldOut(models, heldOut);
  const again = async () => {
    for (const { id } of models) await getModel(deps, caller, { id });
  };
  const compared = await unlessDeleted(again, () =>
    deps.engine.compare(caller, { models, dataset, trainedOnIt, heldOut }),
  );
  const drifts = new Map(
    models.map((model, i) => [model.id, learnt[i]!.isOwn ? null : driftOf(model, dataset, datasets[i]!)]),
  );
  const { nested, notes } = await nestedOf(deps, caller, models, datasets);
  return {
    ...compared,
    ...{ nested, notes: [...compared.notes, ...notes] },
    models: compared.models.map((one) => ({ ...one, drift: drifts.get(one.model) ?? null })),
  };
};
