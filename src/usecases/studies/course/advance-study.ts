import { ServiceError } from "../../../domain/errors.ts";
import type { StudyId, TenantId } from "../../../domain/ids.ts";
import { isDone } from "../../../domain/jobs/job-state.ts";
import { JobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import { jobWithValues, templateOf } from "../../../domain/studies/resolve-study.ts";
import { type FinalJob, isOpen, type Study, type Trial } from "../../../domain/studies/study.ts";
import type { StudyChange } from "../../../store/study-store.ts";
import type { Deps } from "../../deps.ts";
import { countedDataset } from "../../jobs/planning/counted-dataset.ts";
import { isSpent } from "./budget.ts";
import { chooseBest, ranked } from "./choose.ts";
import { finalBody, observedFinal } from "./final-job.ts";
import { budgetOf, dimensionsOf, nextPause, nextTrial, promoted } from "./next-trial.ts";
import { jobOrNull, observeTrial, stopTrial } from "./observe-trial.ts";
import { publishStudy } from "./publish-study.ts";
import { race } from "./race.ts";
import { currentJob, withNextRun } from "./runs.ts";
import { countsOf, moved, type Step, stepEvent } from "./steps.ts";
import { submitTrialJob } from "./submit-trial.ts";

interface Course {
  tenant: TenantId;
  study: Study;
  trials: Trial[];
}

const failed = ({ now }: Pick<Deps, "now">, trial: Trial, error: string): Trial => ({
  ...trial,
  ...{ state: "failed", error, endedAt: now().toISOString() },
});

/** With the time at which it goes on from where it was compared, and with several seeds its next training. */
const resumed = (deps: Pick<Deps, "now" | "createId">, trial: Trial): Trial => ({
  ...(trial.runs === undefined ? trial : withNextRun(deps, trial)),
  reached: trial.reached.map((rung, i, all) =>
    i === all.length - 1 ? { ...rung, resumedAt: deps.now().toISOString() } : rung,
  ),
});

/** The job of a trial that was proposed and is not recorded yet. */
const submitTrial = async (deps: Deps, { tenant, study }: Course, trial: Trial): Promise<Trial> => {
  if (study.state === "cancelling") return { ...trial, state: "cancelled", endedAt: deps.now().toISOString() };
  if (study.state !== "running") return trial;
  try {
    const { dataset: id, base } = study.spec.job;
    const [dataset, model] = await Promise.all([
      deps.catalogue.dataset(tenant, id),
      base === undefined ? null : deps.catalogue.model(tenant, base.model),
    ]);
    const counted = await countedDataset(deps, { tenant }, JobSpec.parse(study.spec.job), dataset);
    const body = jobWithValues(study.spec, templateOf(study.spec, counted, model), trial.values as never, {
      study: study.id,
      number: trial.number,
      ...(trial.runs === undefined ? {} : { seed: trial.runs.at(-1)!.seed }),
    });
    const { error, submitted } = await submitTrialJob(deps, tenant, study, {
      id: currentJob(trial),
      body,
      pauseAtEpoch: trial.pauseAtEpoch,
    });
    if (error !== null) return failed(deps, trial, error);
    return submitted ? { ...trial, submitted: true } : trial;
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== "not_found") throw error;
    return failed(deps, trial, error.message);
  }
};

const look = async (deps: Deps, course: Course, trial: Trial): Promise<Trial> => {
  const job = await jobOrNull(deps, course.tenant, currentJob(trial));
  if (job !== null) return observeTrial(deps, course.tenant, course.study, trial, job);
  if (!trial.submitted) return submitTrial(deps, course, trial);
  return failed(deps, trial, "its job was deleted");
};

/** What has become of the trials that are under way: those of which there is news. */
const observe = async (deps: Deps, course: Course): Promise<Trial[]> => {
  const everyOne = course.study.state === "cancelling";
  const open = course.trials.filter((trial) => trial.state === "running" || (everyOne && isOpen(trial)));
  const looked = await Promise.all(open.map((trial) => look(deps, course, trial)));
  return looked.filter((trial, i) => trial !== open[i]);
};

/** All has been tried and nothing runs: what waits is stopped, unless nothing else would have come to its end. */
const wrapUp = async (deps: Deps, course: Course): Promise<Step | null> => {
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

/**
 * The first trial that waits for its comparison with the best: it goes on, or it ends. That it ends is recorded before its job is cancelled, so that no crash
 * in between makes another comparison of it.
 */
const nextRaced = async (deps: Deps, { tenant, study, trials }: Course): Promise<Trial | null> => {
  const waiting = trials.find(({ state }) => state === "waiting");
  if (waiting === undefined) return null;
  if ((waiting.reached.at(-1)?.lower ?? 0) > 0) {
    await stopTrial(deps, tenant, waiting);
    return { ...waiting, state: "stopped", endedAt: deps.now().toISOString() };
  }
  const { trial, ends } = race(study, trials, waiting);
  return ends
    ? trial
    : resumed(deps, { ...trial, state: "running", pauseAtEpoch: nextPause(study, trial, trial.epochs) });
};

/** What a running study does next: lets a trial go on, starts one, or comes to its end. Null: it waits for its trials. */
const decide = async (deps: Deps, course: Course): Promise<Step | null> => {
  const { study, trials } = course;
  const running = trials.filter(({ state }) => state === "running").length;
  const hasRoom = running < study.spec.parallel && !isSpent(deps, course);
  const raced = study.spec.pruner.type === "racing" ? await nextRaced(deps, course) : null;
  if (raced !== null && (raced.state !== "running" || hasRoom)) return { trials: [raced], study: {} };
  if (hasRoom) {
    const goesOn = promoted(study, trials);
    if (goesOn !== null) return { trials: [resumed(deps, goesOn)], study: {} };
    const dimensions = dimensionsOf(study);
    if (trials.length < budgetOf(study, dimensions)) {
      const { trial, guesses } = nextTrial(deps, study, dimensions, trials);
      return { trials: [trial], study: { guesses } };
    }
  }
  return running > 0 ? null : wrapUp(deps, course);
};

/** Requests of users: once no job is under way any more they are fulfilled. */
const settle = async (deps: Deps, { tenant, study, trials }: Course): Promise<Step | null> => {
  const open = trials.filter(isOpen);
  if (study.state === "cancelling") {
    if (study.final !== null && study.final.state === "running") {
      const job = await jobOrNull(deps, tenant, study.final.job);
      if (job !== null && !job.done) {
        await stopTrial(deps, tenant, { job: job.id });
        return null;
      }
      return { trials: [], study: { final: { ...study.final, state: "cancelled" } } };
    }
    return open.length > 0 ? null : { trials: [], study: moved(deps, study, "cancelled", "cancelled as requested") };
  }
  const jobs = await Promise.all(open.map((trial) => jobOrNull(deps, tenant, currentJob(trial))));
  const busy = jobs.some((job) => job !== null && !job.done && job.state !== "paused");
  return study.state === "pausing" && !busy
    ? { trials: [], study: moved(deps, study, "paused", "paused as requested") }
    : null;
};

const next = async (deps: Deps, course: Course): Promise<Step | null> => {
  const news = await observe(deps, course);
  if (news.length > 0) return { trials: news, study: {} };
  return course.study.state === "running" ? decide(deps, course) : settle(deps, course);
};

/** The record after a step. */
const apply = (deps: Deps, course: Course, step: Step): StudyChange => {
  const trials = [...course.trials];
  for (const trial of step.trials) trials[trial.number] = trial;
  const before = course.study;
  const counts = countsOf(trials);
  const ended = counts.succeeded + counts.stopped + counts.failed + counts.cancelled;
  const [best] = ranked(before, trials);
  const leading =
    best === undefined
      ? null
      : { trial: best.number, job: best.job, value: best.objective!, lower: null, upper: null, corrected: null };
  const study: Study = {
    ...before,
    counts,
    best: before.best?.trial === leading?.trial ? before.best : leading,
    ...step.study,
  };
  const progress = study.done && study.state === "succeeded" ? 1 : Math.min(1, ended / before.spec.trials);
  return {
    study: { ...study, progress },
    trials: step.trials,
    events: stepEvent(deps, course, step, study),
  };
};

/**
 * Takes a study as far as it can go now. Whoever sees a change calls it, as often as they like, in as many processes as there are: each step follows one version of
 * the record, and what it asks of jobs may be repeated.
 */
export const advanceStudy = async (deps: Deps, tenant: TenantId, id: StudyId): Promise<void> => {
  let { study, version } = await deps.studies.get(tenant, id);
  let trials = await deps.studies.trials(tenant, id);
  while (!isDone(study.state)) {
    const course = { tenant, study, trials };
    const step = await next(deps, course);
    if (step === null) return;
    const change = apply(deps, course, step);
    if (!(await deps.studies.commit(tenant, version, change))) {
      ({ study, version } = await deps.studies.get(tenant, id));
      trials = await deps.studies.trials(tenant, id);
      continue;
    }
    version += 1;
    study = change.study;
    trials = [...trials];
    for (const trial of change.trials) trials[trial.number] = trial;
  }
  await publishStudy(deps, tenant, study);
};
