import { ServiceError } from "../../domain/errors.ts";
import type { JobState } from "../../domain/jobs/job-state.ts";
import type { Study } from "../../domain/studies/study.ts";
import type { Caller } from "../admission/caller.ts";
import { parseStudyId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { countsUnpaused, moved } from "./course/steps.ts";

interface Request {
  id: string;
  from: readonly JobState[];
  to: JobState;
  /** States in which there is nothing left to do. */
  same: readonly JobState[];
  reason: string;
  /** As in "cannot be paused". */
  verb: string;
}

/** A user's request: idempotent; `forbidden_transition` when the study's state does not allow it. Its jobs follow. */
export const steerStudy = async (
  deps: Deps,
  caller: Caller,
  { id, from, to, same, reason, verb }: Request,
): Promise<Study> => {
  const study = parseStudyId(id);
  for (;;) {
    const { study: now, version } = await deps.studies.get(caller.tenant, study);
    if (same.includes(now.state)) return now;
    if (!from.includes(now.state))
      throw new ServiceError("forbidden_transition", `A study that is ${now.state} cannot be ${verb}`);
    const after: Study = { ...now, ...moved(deps, now, to, reason), counts: countsUnpaused(now.counts) };
    const at = deps.now().toISOString();
    const events = [{ at, level: "info", type: "state", message: reason, data: { state: to } }] as const;
    if (await deps.studies.commit(caller.tenant, version, { study: after, trials: [], events })) return after;
  }
};
