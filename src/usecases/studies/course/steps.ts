import type { TenantId } from "../../../domain/ids.ts";
import type { JobEvent } from "../../../domain/jobs/job.ts";
import { isDone, type JobState } from "../../../domain/jobs/job-state.ts";
import { foldsOf } from "../../../domain/studies/objective-metric.ts";
import { type Study, shownTrial, type Trial } from "../../../domain/studies/study.ts";
import type { Deps } from "../../deps.ts";

/** A study where it stands. */
export interface Course {
  tenant: TenantId;
  study: Study;
  trials: Trial[];
}

/** What changes in one step. */
export interface Step {
  trials: readonly Trial[];
  study: Partial<Study>;
}

export const countsOf = (trials: readonly Trial[], study: Pick<Study, "state"> = { state: "running" }) => {
  const counts = { trials: trials.length, running: 0, waiting: 0, succeeded: 0, stopped: 0, failed: 0, cancelled: 0 };
  let paused = 0;
  for (const trial of trials) {
    const { state } = shownTrial(study, trial);
    if (state === "paused") paused += 1;
    else counts[state] += 1;
  }
  return paused === 0 ? counts : { ...counts, paused };
};

/** The same once the study goes on, or is cancelled: what was paused with it runs. */
export const countsUnpaused = ({ paused = 0, ...counts }: Study["counts"]): Study["counts"] => ({
  ...counts,
  running: counts.running + paused,
});

/** A transition of the study, with its line in the history. */
export const moved = ({ now }: Pick<Deps, "now">, study: Study, state: JobState, reason: string): Partial<Study> => {
  const at = now().toISOString();
  const done = isDone(state);
  return {
    state,
    done,
    history: [...study.history, { state, at, reason, attempt: 0 }],
    ...(done ? { endedAt: at } : {}),
  };
};

/** What a trial is compared by on its way. */
const unitOf = ({ pruner, job }: Study["spec"]): string =>
  pruner.type !== "racing" ? "epoch" : foldsOf({ job }) === undefined ? "seed" : "fold";

const ofTrial = (before: Trial | undefined, trial: Trial, unit: string): string | null => {
  const name = `trial ${trial.number}`;
  const value = trial.objective === null ? "" : `, ${trial.objective.toPrecision(5)}`;
  if (before === undefined) return `${name} is proposed`;
  if (before.state === trial.state) {
    const { against, lower = 0 } = trial.reached.at(-1) ?? {};
    return lower > 0 && before.reached.at(-1)?.lower === undefined
      ? `${name} is worse than trial ${against}: its scores are at least ${lower.toPrecision(3)} higher`
      : null;
  }
  if (trial.state === "running") return `${name} goes on after ${unit} ${trial.epochs}`;
  if (trial.state === "waiting") return `${name} is compared at ${unit} ${trial.epochs}${value}`;
  return `${name} ${trial.state === "stopped" ? "is stopped" : trial.state === "cancelled" ? "is cancelled" : `has ${trial.state}`}${value}`;
};

/** What a step tells those who watch. */
export const stepEvent = (
  { now }: Pick<Deps, "now">,
  course: { study: Study; trials: readonly Trial[] },
  step: Step,
  after: Study,
): Omit<JobEvent, "id">[] => {
  const at = now().toISOString();
  const events = step.trials.flatMap((trial): Omit<JobEvent, "id">[] => {
    const message = ofTrial(course.trials[trial.number], trial, unitOf(course.study.spec));
    if (message === null) return [];
    const { number, job, state, objective, epochs } = trial;
    const level = state === "failed" ? "warn" : "info";
    return [{ at, level, type: "trial", message, data: { trial: number, job, state, objective, epochs } }];
  });
  if (after.state === course.study.state) return events;
  const reason = after.history.at(-1)?.reason ?? "";
  const level = after.state === "failed" ? "error" : "info";
  return [...events, { at, level, type: "state", message: reason, data: { state: after.state } }];
};
