import { orNull } from "../../../domain/errors.ts";
import type { ModelId, TenantId } from "../../../domain/ids.ts";
import { CrossValidation } from "../../../domain/jobs/spec/folds/cross-validation-spec.ts";
import type { LossSpec } from "../../../domain/jobs/spec/parts/loss-spec.ts";
import type { Estimate } from "../../../domain/models/estimate.ts";
import { isImported } from "../../../domain/models/model.ts";
import { foldsOf } from "../../../domain/studies/objective-metric.ts";
import { intervalWithin, objectiveRange } from "../../../domain/studies/objective-range.ts";
import type { BestTrial, Study, Trial } from "../../../domain/studies/study.ts";
import type { ObjectiveMetric } from "../../../domain/studies/study-spec.ts";
import { createTurnTaker } from "../../../domain/turn-taker.ts";
import { decodeSafetensors } from "../../../formats/safetensors/safetensors.ts";
import { correctForChoice, type RowScores } from "../../../search/compare-trials.ts";
import { mean } from "../../../stats/estimate.ts";
import { sharedRowsInflation } from "../../../stats/sampling.ts";
import { artifactKeys } from "../../../store/artifacts/artifact-store.ts";
import type { Deps } from "../../deps.ts";
import { signOf } from "./seen.ts";

/** More say little more, and cost memory: rows are then taken at equal distances. */
const mostRows = 5000;
const mostTrials = 100;
const mostBytes = 256 * 1024 ** 2;

/** Of the succeeded trials the best first; equal ones by their number. */
export const ranked = (study: Pick<Study, "spec">, trials: readonly Trial[]): Trial[] => {
  const sign = signOf(study.spec.objective.direction);
  return trials
    .filter(({ state, objective }) => state === "succeeded" && objective !== null)
    .toSorted((a, b) => sign * (a.objective! - b.objective!) || a.number - b.number);
};

/** The score of a row whose mean the objective goes by; and what it is called. */
const scoreOf: Record<ObjectiveMetric, "loss" | "hit" | "square"> = {
  validationLoss: "loss",
  validationAccuracy: "hit",
  validationR2: "square",
  validationMeanSquaredError: "square",
  validationRootMeanSquaredError: "square",
};

/** The same, as the API calls it: less is better. */
export const scoreName = (metric: ObjectiveMetric): "loss" | "error" | "squaredError" =>
  (({ loss: "loss", hit: "error", square: "squaredError" }) as const)[scoreOf[metric]];

const readModelScores = async (
  deps: Deps,
  tenant: TenantId,
  id: ModelId,
  name: "loss" | "hit" | "square",
): Promise<Omit<RowScores, "number"> | null> => {
  const model = await orNull(deps.catalogue.model(tenant, id));
  if (model === null || isImported(model) || model.files?.scores === undefined) return null;
  const key = artifactKeys.scores(tenant, model.id, model.digest.replace(/^sha256:/, ""));
  const { tensors } = decodeSafetensors(await deps.artifacts.readBytes(key, { limitBytes: mostBytes }));
  const all = tensors.find((tensor) => tensor.name === name)?.data;
  if (!(all instanceof Float32Array)) return null;
  const rows = Math.min(all.length, mostRows);
  const scores = Float32Array.from({ length: rows }, (_, i) => {
    const score = all[Math.floor((i * all.length) / rows)]!;
    return name === "hit" ? 1 - score : score;
  });
  return { scores, parameters: model.parameters };
};

/** Of trainings with several seeds: what they made of each row on average. */
const meanScores = (all: readonly Omit<RowScores, "number">[]): Omit<RowScores, "number"> => {
  const [first] = all as [Omit<RowScores, "number">];
  if (all.length === 1) return first;
  const scores = first.scores.map((_, row) => mean(all.map((each) => each.scores[row] ?? Number.NaN)));
  return { scores, parameters: first.parameters };
};

/** What the models of the best trials made of each validation row. Models that were deleted have nothing to say. */
export const readScores = async (
  deps: Deps,
  tenant: TenantId,
  study: Study,
  trials: readonly Trial[],
): Promise<RowScores[]> => {
  const name = scoreOf[study.spec.objective.metric];
  const read: RowScores[] = [];
  for (const { number, model, runs } of ranked(study, trials).slice(0, mostTrials)) {
    const models = runs === undefined ? [model] : runs.map((run) => run.model);
    const all: Omit<RowScores, "number">[] = [];
    for (const id of models) {
      const found = id === null ? null : await readModelScores(deps, tenant, id, name);
      if (found !== null) all.push(found);
    }
    if (all.length === models.length) read.push({ number, ...meanScores(all) });
  }
  const length = read[0]?.scores.length;
  return read.filter(({ scores }) => scores.length === length);
};

/** From mean scores, which fall towards the better, to the objective. `best`: what the objective of the naive mean is, for what only a data set's variance tells. */
const toObjective = (metric: ObjectiveMetric, naive: { score: number; value: number }) => {
  const variance = naive.score / Math.max(1e-12, 1 - naive.value);
  return (score: number): number => {
    switch (metric) {
      case "validationAccuracy":
        return 1 - score;
      case "validationR2":
        return 1 - score / variance;
      case "validationRootMeanSquaredError":
        return Math.sqrt(Math.max(0, score));
      // The loss as reported may hold label smoothing and class weights: the correction is what is added to it.
      case "validationLoss":
        return naive.value + score - naive.score;
      default:
        return score;
    }
  };
};

/** By which variances of means over the scores are multiplied: models of folds share training rows. */
export const inflationOf = ({ spec }: Pick<Study, "spec">): number => {
  const folds = foldsOf(spec);
  return folds === undefined ? 1 : sharedRowsInflation(CrossValidation.parse(folds).folds);
};

const widened = (estimate: Estimate, inflation: number): Estimate => {
  const { value, lower, upper } = estimate;
  const factor = Math.sqrt(inflation);
  const move = (end: number | null): number | null => (end === null ? null : value + factor * (end - value));
  return { value, lower: move(lower), upper: move(upper) };
};

/** What a trial was trained by. Its model says so, or its job: either may have been deleted, and a trial of a race may have no model of its own. */
const lossOf = async (
  deps: Deps,
  tenant: TenantId,
  { model: id, job: jobId }: Trial,
): Promise<LossSpec["type"] | null> => {
  const model = id === null ? null : await orNull(deps.catalogue.model(tenant, id));
  if (model !== null && !isImported(model)) return model.spec.loss.type;
  const job = jobId === null ? null : await orNull(deps.jobs.get(tenant, jobId));
  return job !== null && "loss" in job.spec ? (job.spec.loss?.type ?? null) : null;
};

/** The best trial, with what its value is worth on new rows: corrected for having been chosen, with its interval. Null: none has succeeded. */
export const chooseBest = async (
  deps: Deps,
  tenant: TenantId,
  study: Study,
  trials: readonly Trial[],
): Promise<BestTrial | null> => {
  const [best] = ranked(study, trials);
  if (best === undefined || best.objective === null) return null;
  const naive: BestTrial = {
    trial: best.number,
    job: best.job,
    value: best.objective,
    lower: null,
    upper: null,
    corrected: null,
  };
  const scores = await readScores(deps, tenant, study, trials);
  const own = scores.find(({ number }) => number === best.number);
  if (own === undefined) return naive;
  const sampled = await correctForChoice(scores, study.spec.seed, createTurnTaker());
  if (sampled === null) return naive;
  const estimate = widened(sampled, inflationOf(study));
  const convert = toObjective(study.spec.objective.metric, { score: mean(own.scores), value: best.objective });
  const range = objectiveRange(study.spec.objective.metric, await lossOf(deps, tenant, best));
  const { lower, upper } = intervalWithin(estimate, convert, range);
  // Rounding on the way to the objective makes nothing better than it was; nor does a best trial that is another one by the rows that are compared.
  const sign = signOf(study.spec.objective.direction);
  const converted = convert(estimate.value);
  const corrected = scores.length === 1 || sign * (converted - best.objective) < 0 ? best.objective : converted;
  return { ...naive, corrected, lower, upper };
};
