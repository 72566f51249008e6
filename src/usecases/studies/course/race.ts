import { CrossValidation } from "../../../domain/jobs/spec/folds/cross-validation-spec.ts";
import { foldsOf, resultsOf } from "../../../domain/studies/objective-metric.ts";
import type { Study, Trial } from "../../../domain/studies/study.ts";
import { lowerDifference, sharedByFolds } from "../../../search/stopping/racing.ts";
import { signOf } from "./seen.ts";

/** The best of the other trials that have all their folds or seeds; equal ones by their number. */
const rivalOf = (study: Study, trials: readonly Trial[], { number }: Trial): Trial | null => {
  const all = resultsOf(study.spec);
  const sign = signOf(study.spec.objective.direction);
  const whole = trials.filter(
    (other) => other.number !== number && other.scores?.length === all && other.objective !== null,
  );
  const [best] = whole.sort((a, b) => sign * (a.objective! - b.objective!) || a.number - b.number);
  return best ?? null;
};

/**
 * The trial after its comparison with the best one that has all its folds or seeds; whether it ends, as it is surely worse. The record names the other and the
 * bound, so that the comparison can be made again from it. One that has all of its folds or seeds is not compared: nothing is left to save.
 */
export const race = (study: Study, trials: readonly Trial[], trial: Trial): { trial: Trial; ends: boolean } => {
  const isWhole = (trial.scores?.length ?? 0) >= resultsOf(study.spec);
  const rival = isWhole ? null : rivalOf(study, trials, trial);
  if (rival === null) return { trial, ends: false };
  const folds = foldsOf(study.spec);
  const shared = folds === undefined ? 0 : sharedByFolds(CrossValidation.parse(folds).folds);
  const lower = lowerDifference(trial.scores ?? [], rival.scores ?? [], shared);
  if (lower === null) return { trial, ends: false };
  const reached = trial.reached.map((rung, i, all) =>
    i === all.length - 1 ? { ...rung, against: rival.number, lower } : rung,
  );
  return { trial: { ...trial, reached }, ends: lower > 0 };
};
