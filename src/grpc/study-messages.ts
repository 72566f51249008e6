import type { Leaderboard } from "../domain/studies/standing.ts";
import type { BestTrial, Study, Trial } from "../domain/studies/study.ts";
import type * as wire from "./generated/descent/v1/studies.ts";
import { toJobState } from "./job-messages.ts";
import { toStruct } from "./job-spec.ts";
import { toStudySpec } from "./study-spec.ts";

const toBest = (best: BestTrial | null): wire.BestTrial | undefined =>
  best === null
    ? undefined
    : {
        ...best,
        lower: best.lower ?? undefined,
        upper: best.upper ?? undefined,
        corrected: best.corrected ?? undefined,
      };

export const toStudy = (study: Study): wire.Study => ({
  ...study,
  counts: { ...study.counts, paused: study.counts.paused ?? 0 },
  state: toJobState(study.state),
  spec: toStudySpec(study.spec),
  best: toBest(study.best),
  final: study.final === null ? undefined : { ...study.final, model: study.final.model ?? undefined },
  history: study.history.map(({ state, ...entry }) => ({ ...entry, state: toJobState(state) })),
  endedAt: study.endedAt ?? undefined,
  error: study.error ?? undefined,
  guesses: study.guesses.map(toStruct),
  earlier: study.earlier ?? [],
  rule: study.rule,
});

export const toTrial = (trial: Trial): wire.Trial => ({
  ...trial,
  values: toStruct(trial.values),
  objective: trial.objective ?? undefined,
  pauseAtEpoch: trial.pauseAtEpoch ?? undefined,
  startedAt: trial.startedAt ?? undefined,
  endedAt: trial.endedAt ?? undefined,
  model: trial.model ?? undefined,
  error: trial.error ?? undefined,
  runs: (trial.runs ?? []).map((run) => ({ ...run, model: run.model ?? undefined, value: run.value ?? undefined })),
  scores: trial.scores ?? [],
});

export const toLeaderboard = ({
  score,
  rows,
  unit,
  items,
  best,
  simplest,
  reference,
  notes,
}: Leaderboard): wire.Leaderboard => ({
  score,
  rows,
  unit,
  best: toBest(best),
  simplest: simplest ?? undefined,
  reference: reference ?? undefined,
  notes,
  items: items.map(({ difference, ...standing }) => ({
    ...standing,
    model: standing.model ?? undefined,
    values: toStruct(standing.values),
    parameters: standing.parameters ?? undefined,
    tied: standing.tied ?? undefined,
    difference:
      difference === null
        ? undefined
        : { value: difference.value, lower: difference.lower ?? undefined, upper: difference.upper ?? undefined },
  })),
});
