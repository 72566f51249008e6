import { CrossValidation } from "../../domain/jobs/spec/folds/cross-validation-spec.ts";
import { foldsOf } from "../../domain/studies/objective-metric.ts";
import type { Leaderboard } from "../../domain/studies/standing.ts";
import type { Study } from "../../domain/studies/study.ts";
import { compareTrials, simplestOf } from "../../search/compare-trials.ts";
import type { Caller } from "../admission/caller.ts";
import { parseStudyId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { inflationOf, ranked, readScores, scoreName } from "./course/choose.ts";
import { notesOf } from "./leaderboard-notes.ts";

const shown = 100;

/** What has one score: of a cross-validation a row has one for all repeats, or its whole group. */
const unitOf = ({ spec }: Study): Leaderboard["unit"] => {
  const folds = foldsOf(spec);
  if (folds === undefined) return "validation_row";
  const { by } = { ...(spec.job.training?.split as { by?: string } | undefined), ...CrossValidation.parse(folds) };
  return by === undefined ? "out_of_fold_row" : "group";
};

/** The succeeded trials, best first, each with its paired difference from the best, row by row. */
export const getLeaderboard = async (deps: Deps, caller: Caller, request: { id: string }): Promise<Leaderboard> => {
  const { tenant } = caller;
  const id = parseStudyId(request.id);
  const { study } = await deps.studies.get(tenant, id);
  const trials = await deps.studies.trials(tenant, id);
  const order = ranked(study, trials).slice(0, shown);
  const scores = await readScores(deps, tenant, study, trials);
  const reference = order.find(({ number }) => scores.some((each) => each.number === number))?.number ?? null;
  const compared = reference === null ? [] : compareTrials(scores, reference, inflationOf(study));
  const items = order.map(({ number, job, model, values, objective }) => {
    const of = compared.find((each) => each.number === number);
    const parameters = scores.find((each) => each.number === number)?.parameters ?? null;
    return {
      ...{ trial: number, job, model, values, objective: objective ?? 0, parameters },
      ...{ difference: of?.difference ?? null, tied: of?.tied ?? null },
    };
  });
  return {
    score: scoreName(study.spec.objective.metric),
    rows: scores[0]?.scores.length ?? 0,
    unit: unitOf(study),
    items,
    best: study.best,
    simplest: simplestOf(scores, compared),
    ...{ reference, notes: notesOf({ trials, order, scores, reference, best: study.best }) },
  };
};
