import type { ReportNote } from "../../domain/models/report.ts";
import type { Leaderboard } from "../../domain/studies/standing.ts";
import type { Trial } from "../../domain/studies/study.ts";
import { compareTrials, simplestOf } from "../../search/compare-trials.ts";
import type { Caller } from "../admission/caller.ts";
import { parseStudyId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { inflationOf, ranked, readScores, scoreName } from "./course/choose.ts";

const shown = 100;

/** Which trials have no rows to compare any more: their models were deleted, and with them what they made of each row. */
const notesOf = (
  order: readonly Trial[],
  scores: readonly { number: number }[],
  reference: number | null,
): ReportNote[] => {
  const gone = order.filter(({ number }) => !scores.some((each) => each.number === number));
  if (gone.length === 0) return [];
  const named = gone.slice(0, 10).map(({ number }) => number);
  const rest = gone.length > named.length ? ` and ${gone.length - named.length} more` : "";
  const best = order[0]?.number;
  const instead =
    reference === null || reference === best
      ? ""
      : `; trial ${best}, the best, is among them, and so differences are from trial ${reference}`;
  const message = `the models of trials ${named.join(", ")}${rest} were deleted or left no scores of rows: they have no difference${instead}; keep the models of trials as long as they are to be compared`;
  return [{ code: "no_scores", message }];
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
    items,
    best: study.best,
    simplest: simplestOf(scores, compared),
    ...{ reference, notes: notesOf(order, scores, reference) },
  };
};
