import type { TenantId } from "../../../domain/ids.ts";
import type { FinalJob, Study } from "../../../domain/studies/study.ts";
import type { Deps } from "../../deps.ts";
import { chooseBest, ranked } from "./choose.ts";
import { finalBody, observedFinal } from "./final-job.ts";
import { jobOrNull, stopTrial } from "./observe-trial.ts";
import { resumed } from "./runs.ts";
import { type Course, moved, type Step } from "./steps.ts";
import { submitTrialJob } from "./submit-trial.ts";

/** All has been tried and nothing runs: what waits is stopped, unless nothing else would have come to its end. */
export const wrapUp = async (deps: Deps, course: Course): Promise<Step | null> => {
  const { study, trials, tenant } = course;
  const waiting = trials.filter(({ state }) => state === "waiting");
  if (waiting.length > 0) {
    const done = ranked(study, trials).length > 0;
    if (!done) {
      const furthest = waiting.toSorted((a, b) => b.epochs - a.epochs);
      const level = furthest.filter(({ epochs }) => epochs === furthest[0]!.epochs);
      const [best] = ranked(
        study,
        level.map((trial) => ({ ...trial, state: "succeeded" })),
      );
      return { trials: [resumed(deps, { ...trials[best!.number]!, state: "running", pauseAtEpoch: null })], study: {} };
    }
    await Promise.all(waiting.map((trial) => stopTrial(deps, tenant, trial)));
    const at = deps.now().toISOString();
    return { trials: waiting.map((trial) => ({ ...trial, state: "stopped", endedAt: at })), study: {} };
  }
  return choose(deps, course);
};

/** The choice stays; only what was to be made of it is not there. */
const failedFinal = (deps: Deps, study: Study, state: string, reason: string): Partial<Study> => {
  const error = {
    code: "final_failed",
    message: `the choice was found, and the job that trains it once more has ${state === "failed" ? "failed" : "been cancelled"}: ${reason}`,
    hint: "use the model of the best trial, or submit the best trial's job once more without validation rows",
  };
  return { ...moved(deps, study, "failed", error.message), error };
};

/** The end of the study, once its last job has come to its own. */
const withFinal = async (deps: Deps, tenant: TenantId, study: Study, final: FinalJob): Promise<Partial<Study>> => {
  if (final.state === "succeeded") return moved(deps, study, "succeeded", "the choice is trained");
  const job = await jobOrNull(deps, tenant, final.job);
  const error = job?.error ?? null;
  const reason = error === null ? `see job ${final.job}` : `${error.code}: ${error.message}`;
  return failedFinal(deps, study, final.state, job === null ? "it was deleted" : reason);
};

const choose = async (deps: Deps, { tenant, study, trials }: Course): Promise<Step | null> => {
  const best = study.best?.corrected == null ? await chooseBest(deps, tenant, study, trials) : study.best;
  if (best === null) {
    const hint = "look at the trials' errors, and narrow the space";
    const error = { code: "no_trial", message: "no trial came to its end", hint };
    return { trials: [], study: { ...moved(deps, study, "failed", error.message), error } };
  }
  const { final } = study;
  if (!study.spec.final)
    return { trials: [], study: { ...moved(deps, study, "succeeded", "all trials have ended"), best } };
  if (final === null) {
    const job = deps.createId("job");
    return {
      trials: [],
      study: { best, final: { job, submitted: false, state: "running", model: null, metrics: {} } },
    };
  }
  if (final.state !== "running") return { trials: [], study: await withFinal(deps, tenant, study, final) };
  const job = await jobOrNull(deps, tenant, final.job);
  if (job === null) {
    const chosen = final.submitted ? null : await jobOrNull(deps, tenant, best.job);
    const submitted =
      chosen === null
        ? { error: final.submitted ? "it was deleted" : "the best trial's job was deleted", submitted: false }
        : await submitTrialJob(deps, tenant, study, {
            id: final.job,
            body: finalBody(study, chosen),
            pauseAtEpoch: null,
          });
    if (submitted.error !== null) {
      const change = failedFinal(deps, study, "failed", submitted.error);
      return { trials: [], study: { ...change, final: { ...final, state: "failed" } } };
    }
    return submitted.submitted ? { trials: [], study: { final: { ...final, submitted: true } } } : null;
  }
  const seen = observedFinal(final, job);
  return seen.state === final.state && seen.submitted === final.submitted
    ? null
    : { trials: [], study: { final: seen } };
};
