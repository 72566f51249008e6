import { expect } from "vitest";
import type { JobId, TenantId } from "../../src/domain/ids.ts";
import { isDone, type JobState, type Transition, transitions } from "../../src/domain/jobs/job-state.ts";
import { CRASH_COUNTS, CRASHES_OF_SUSPECT } from "../../src/domain/jobs/poison.ts";

/** How a job behaves, told in a page: what the scripts are held against. Attempts are fences; a lease ends when the test says so. */
export interface JobModel {
  tenant: TenantId;
  id: JobId;
  /** Of its submission. */
  key: string;
  state: JobState;
  attempt: number;
  leaseEnded: boolean;
  crashes: number;
  furthestStep: number;
  /** Newest first. */
  checkpoints: { key: string; step: number }[];
  progress: number;
  /** Every state it was in, with the attempt. */
  course: string[];
}

export const createModel = (tenant: TenantId, id: JobId, key: string): JobModel => ({
  ...{ tenant, id, key, state: "queued", attempt: 0, leaseEnded: false, crashes: 0, furthestStep: 0 },
  ...{ checkpoints: [], progress: 0, course: ["queued 0"] },
});

/** Takes the first of the transitions that the state allows; whether one did. */
export const take = (model: JobModel, ...names: readonly Transition[]): boolean => {
  const name = names.find((each) => transitions[each].from.some((from) => from === model.state));
  if (name === undefined) return false;
  model.state = transitions[name].to;
  model.course.push(`${model.state} ${model.attempt}`);
  return true;
};

const heldStates = new Set<JobState>(["running", "pausing", "cancelling"]);

export const isHeld = (model: JobModel, attempt: number): boolean =>
  model.attempt === attempt && heldStates.has(model.state);

/** A fenced write that changes no state: it renews the lease. */
export const write = (model: JobModel, attempt: number, effect: () => void): boolean => {
  if (!isHeld(model, attempt)) return false;
  model.leaseEnded = false;
  effect();
  return true;
};

export const claim = (model: JobModel): boolean => {
  if (model.state !== "queued") return false;
  model.attempt += 1;
  model.leaseEnded = false;
  return take(model, "claim");
};

/** Whether the request is granted: by a transition, or because it already was. */
export const request = (model: JobModel, names: readonly Transition[], fulfilled: readonly JobState[]): boolean =>
  take(model, ...names) || fulfilled.includes(model.state);

/** The keys that may go. */
export const addCheckpoint = (model: JobModel, key: string, step: number): string[] => {
  const others = model.checkpoints.filter((each) => each.key !== key);
  model.checkpoints = [{ key, step }, ...others.slice(0, 1)];
  if (step > model.furthestStep) {
    model.furthestStep = step;
    model.crashes = 0;
  }
  return others.slice(1).map((each) => each.key);
};

export const crash = (model: JobModel, how: keyof typeof CRASH_COUNTS): void => {
  const after = model.crashes + CRASH_COUNTS[how];
  model.crashes = model.crashes < CRASHES_OF_SUSPECT ? Math.min(after, CRASHES_OF_SUSPECT) : after;
};

export const reclaim = (model: JobModel, attempt: number): JobState | null => {
  if (model.attempt !== attempt || !model.leaseEnded || !heldStates.has(model.state)) return null;
  crash(model, "lost");
  take(model, "reclaim", "reclaimPausing", "reclaimCancelling");
  return model.state;
};

/** What must be true of every course, whatever happened. */
export const expectSound = (model: JobModel): void => {
  const states = model.course.map((entry) => entry.split(" ")[0] as JobState);
  const allowed = Object.values(transitions).flatMap(({ from, to }) => from.map((each) => `${each} ${to}`));
  for (let i = 1; i < states.length; i++) expect(allowed).toContain(`${states[i - 1]} ${states[i]}`);
  expect(states.slice(0, -1).some(isDone)).toBe(false);
};
