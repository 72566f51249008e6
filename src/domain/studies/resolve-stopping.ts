import type { ResolvedJobSpec } from "../jobs/spec/job-spec.ts";
import type { SpecErrors } from "../jobs/spec/spec-errors.ts";
import { resultsOf } from "./objective-metric.ts";
import type { ResolvedStudySpec, StudySpec } from "./study-spec.ts";

/** How many times the epochs of a trial are divided by the reduction, down to the lowest rung. */
const halvings = 4;

/** Folds have repeats of their own, and what is solved comes out the same with any seed. */
export const checkSeeds = ({ seeds, job }: StudySpec, { training }: ResolvedJobSpec, errors: SpecErrors): void => {
  if (seeds === 1) return;
  if (job.training.crossValidation !== undefined)
    errors.add("/seeds", "a cross-validation has repeats of its own; set job.training.crossValidation.repeats instead");
  if (training.solver === "exact") errors.add("/seeds", "exact solutions are the same with every seed; leave it out");
  if (training.seed > Number.MAX_SAFE_INTEGER - seeds)
    errors.add("/job/training/seed", "leaves no room for the seeds after it; take a smaller one");
};

const checkRacing = (
  spec: StudySpec,
  pruner: Extract<ResolvedStudySpec["pruner"], { type: "racing" }>,
  errors: SpecErrors,
): ResolvedStudySpec["pruner"] => {
  const results = resultsOf(spec);
  if (results === 1)
    errors.add(
      "/pruner/type",
      "racing compares trials fold by fold or seed by seed; give the job a crossValidation, or set seeds",
    );
  else if (pruner.first > results)
    errors.add("/pruner/first", `must be at most the ${results} folds or seeds that a trial has`);
  return pruner;
};

export const resolvePruner = (spec: StudySpec, epochs: number, errors: SpecErrors): ResolvedStudySpec["pruner"] => {
  const { pruner } = spec;
  if (pruner.type === "none") return pruner;
  if (pruner.type === "racing") return checkRacing(spec, pruner, errors);
  if (spec.seeds > 1)
    errors.add(
      "/pruner/type",
      'trials with several seeds are compared after each of them, and have no epochs to be compared at on the way; set it to "racing" or "none"',
    );
  if (spec.job.training.crossValidation !== undefined)
    errors.add(
      "/pruner/type",
      'trials with a cross-validation are compared by all their folds, and have no epochs to be compared at on the way; set it to "racing" or "none"',
    );
  if (spec.space !== undefined && Object.hasOwn(spec.space, "/training/epochs"))
    errors.add(
      "/space/~1training~1epochs",
      "cannot be searched together with a pruner: trials are compared at the same epochs",
    );
  if (pruner.type === "median")
    return { ...pruner, everyEpochs: pruner.everyEpochs ?? Math.max(1, Math.floor(epochs / 10)) };
  let lowest = epochs;
  for (let i = 0; i < halvings; i++) lowest /= pruner.reduction;
  const minEpochs = pruner.minEpochs ?? Math.max(1, Math.round(lowest));
  if (minEpochs > epochs) errors.add("/pruner/minEpochs", `must be at most the trials' epochs, ${epochs}`);
  return { ...pruner, minEpochs };
};
