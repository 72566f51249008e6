import type { Job } from "../../../domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import { choosesThreshold } from "../../../domain/jobs/spec/threshold-checks.ts";
import { limits } from "../../../domain/limits.ts";
import type { FinalJob, Study } from "../../../domain/studies/study.ts";

/** The chosen job once more, on training and validation rows together, for as many epochs as its best had; the test rows stay the same. */
export const finalBody = (study: Study, chosen: Job): unknown => {
  const { webhook: _, ...spec }: ResolvedJobSpec = chosen.spec;
  // Its folds have chosen: what is left to say is said by the test rows.
  const { crossValidation: _folds, ...training } = spec.training;
  // A threshold is chosen on rows that the weights were not fitted to.
  const split = choosesThreshold(spec.task) ? training.split : { ...training.split, validation: 0 };
  const epochs = chosen.metrics.bestEpoch ?? chosen.metrics.epochs ?? spec.training.epochs;
  return {
    ...spec,
    name: `${study.name} final`.slice(0, limits.nameLength),
    training: { ...training, epochs, earlyStopping: false, split },
    labels: { ...spec.labels, study: study.id, trial: "final" },
  };
};

export const observedFinal = (final: FinalJob, job: Job): FinalJob => {
  const state =
    job.state === "succeeded" || job.state === "failed" || job.state === "cancelled" ? job.state : "running";
  return { ...final, submitted: true, state, model: job.model, metrics: job.done ? job.metrics : {} };
};
