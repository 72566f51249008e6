import type { JobId } from "../../../domain/ids.ts";
import type { Job } from "../../../domain/jobs/job.ts";
import { TrainingSpec } from "../../../domain/jobs/spec/parts/training-spec.ts";
import { seedsOf } from "../../../domain/studies/objective-metric.ts";
import type { Study, Trial } from "../../../domain/studies/study.ts";
import type { ObjectiveMetric } from "../../../domain/studies/study-spec.ts";
import { mean } from "../../../stats/estimate.ts";
import type { FoldsSoFar } from "../../../store/job-store.ts";
import type { Deps } from "../../deps.ts";
import { signOf } from "./seen.ts";

/** The job that is under way, or was last: of a trial with several seeds that of the last one. */
export const currentJob = ({ job, runs }: Pick<Trial, "job" | "runs">): JobId => runs?.at(-1)?.job ?? job;

/** The first training of a new trial; none where there is one seed. */
export const firstRun = ({ spec }: Pick<Study, "spec">, job: JobId): Pick<Trial, "runs"> => {
  if (seedsOf(spec) === 1) return {};
  const { seed } = TrainingSpec.parse(spec.job.training ?? {});
  return { runs: [{ seed, job, model: null, value: null }] };
};

/** The trial with its next training, which is not recorded yet. */
export const withNextRun = ({ createId }: Pick<Deps, "createId">, trial: Trial): Trial => {
  const { runs = [] } = trial;
  const seed = (runs.at(-1)?.seed ?? 0) + 1;
  const next = { seed, job: createId("job"), model: null, value: null };
  return { ...trial, runs: [...runs, next], submitted: false };
};

/** The trial after one of its trainings has left a value: the mean so far. What follows is not decided here. */
export const withValue = (study: Study, trial: Trial, { value, job }: { value: number; job: Job }): Trial => {
  const { runs = [] } = trial;
  const done = runs.map((run) => (run.job === job.id ? { ...run, model: job.model, value } : run));
  const values = done.flatMap((run) => (run.value === null ? [] : [run.value]));
  const sign = signOf(study.spec.objective.direction);
  return {
    ...trial,
    ...{ runs: done, objective: mean(values), model: done[0]?.model ?? null },
    scores: values.map((each) => sign * each),
  };
};

/** Name and direction of what each fold says that an objective is made of: less is better. */
const scoreOfFold: Record<ObjectiveMetric, (metrics: Readonly<Record<string, number>>) => number | undefined> = {
  validationLoss: ({ testLoss }) => testLoss,
  validationAccuracy: ({ testAccuracy }) => (testAccuracy === undefined ? undefined : 1 - testAccuracy),
  validationR2: ({ testMeanSquaredError }) => testMeanSquaredError,
  validationMeanSquaredError: ({ testMeanSquaredError }) => testMeanSquaredError,
  validationRootMeanSquaredError: ({ testMeanSquaredError }) => testMeanSquaredError,
};

/** Scores of the folds so far; null if one of them has none. */
export const scoresOfFolds = (metric: ObjectiveMetric, { folds }: FoldsSoFar): number[] | null => {
  const scores = folds.map((fold) => scoreOfFold[metric](fold));
  return scores.every((score) => score !== undefined) ? (scores as number[]) : null;
};

/** With the time at which it goes on from where it was compared, and with several seeds its next training. */
export const resumed = (deps: Pick<Deps, "now" | "createId">, trial: Trial): Trial => ({
  ...(trial.runs === undefined ? trial : withNextRun(deps, trial)),
  reached: trial.reached.map((rung, i, all) =>
    i === all.length - 1 ? { ...rung, resumedAt: deps.now().toISOString() } : rung,
  ),
});
