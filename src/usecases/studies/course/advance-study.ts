import { ServiceError } from "../../../domain/errors.ts";
import type { StudyId, TenantId } from "../../../domain/ids.ts";
import { isDone } from "../../../domain/jobs/job-state.ts";
import { JobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import { jobWithValues, templateOf } from "../../../domain/studies/resolve-study.ts";
import { isOpen, type Study, type Trial } from "../../../domain/studies/study.ts";
import type { StudyChange } from "../../../store/study-store.ts";
import type { Deps } from "../../deps.ts";
import { countedDataset } from "../../jobs/planning/counted-dataset.ts";
import { isSpent } from "./budget.ts";
import { ranked } from "./choose.ts";
import { budgetOf, dimensionsOf, nextPause, nextTrial, promoted } from "./next-trial.ts";
import { jobOrNull, observeTrial, stopTrial } from "./observe-trial.ts";
import { publishStudy } from "./publish-study.ts";
import { race } from "./race.ts";
import { currentJob, resumed } from "./runs.ts";
import { type Course, countsOf, moved, type Step, stepEvent } from "./steps.ts";
import { submitTrialJob } from "./submit-trial.ts";
import { createTrialMemory, type TrialMemory } from "./trial-memory.ts";
import { wrapUp } from "./wrap-up.ts";

const failed = ({ now }: Pick<Deps, "now">, trial: Trial, error: string): Trial => ({
  ...trial,
  ...{ state: "failed", error, endedAt: now().toISOString() },
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
  const counts = countsOf(trials, { state: step.study.state ?? before.state });
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
export const advanceStudy = async (
  deps: Deps,
  tenant: TenantId,
  id: StudyId,
  memory: TrialMemory = createTrialMemory(),
): Promise<void> => {
  let { study, version } = await deps.studies.get(tenant, id);
  let trials = await memory.read(deps, { tenant, id, version });
  while (!isDone(study.state)) {
    const course = { tenant, study, trials };
    const step = await next(deps, course);
    if (step === null) return;
    const change = apply(deps, course, step);
    if (!(await deps.studies.commit(tenant, version, change))) {
      ({ study, version } = await deps.studies.get(tenant, id));
      trials = await memory.read(deps, { tenant, id, version });
      continue;
    }
    version += 1;
    study = change.study;
    trials = [...trials];
    for (const trial of change.trials) trials[trial.number] = trial;
    memory.keep({ tenant, id, version }, trials);
  }
  memory.forget({ tenant, id });
  await publishStudy(deps, tenant, study);
};
