import { foldsOf, resultsOf } from "../../../domain/studies/objective-metric.ts";
import type { Study, Trial } from "../../../domain/studies/study.ts";
import type { Deps } from "../../deps.ts";

/** Epochs that a trial has trained; one that runs counts as far as it may go. With folds or seeds there are as many of each. */
const epochsOf = ({ spec, epochs }: Study, trial: Trial): number => {
  const results = resultsOf(spec);
  const { state, pauseAtEpoch, reached, scores } = trial;
  if (results === 1) return state === "running" ? (pauseAtEpoch ?? epochs) : trial.epochs;
  const fits = foldsOf(spec) === undefined ? results : results + 1;
  if (state === "running") return epochs * (pauseAtEpoch ?? fits);
  if (state === "succeeded") return epochs * fits;
  return epochs * Math.max(reached.at(-1)?.epochs ?? 0, scores?.length ?? 0);
};

/** Whether the seconds or the epochs of all trials are used up. */
export const isSpent = (
  deps: Pick<Deps, "now">,
  { study, trials }: { study: Study; trials: readonly Trial[] },
): boolean => {
  const { maxSeconds, maxEpochs } = study.spec;
  if (maxSeconds !== undefined && deps.now().getTime() - Date.parse(study.createdAt) > 1000 * maxSeconds) return true;
  if (maxEpochs === undefined) return false;
  return trials.reduce((sum, trial) => sum + epochsOf(study, trial), 0) >= maxEpochs;
};
