import { ServiceError } from "../../domain/errors.ts";
import { createSpecErrors } from "../../domain/jobs/spec/spec-errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Study } from "../../domain/studies/study.ts";
import { TrialValues } from "../../domain/studies/study-spec.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import { parseStudyId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { dimensionsOf } from "./course/next-trial.ts";
import { readGuess } from "./course/read-guess.ts";

const checkValues = (study: Study, values: TrialValues): void => {
  const errors = createSpecErrors();
  readGuess(study.spec.space, dimensionsOf(study), values, "/values", errors);
  errors.throwIfAny("invalid");
};

/** A guess of the user's own: the next trial that is started has these values. `forbidden_transition` once no trial is started any more. */
export const suggestTrial = async (
  deps: Deps,
  caller: Caller,
  request: { id: string; values: unknown },
): Promise<Study> => {
  const id = parseStudyId(request.id);
  const values = parse(TrialValues, request.values, { base: "/values" });
  for (;;) {
    const { study, version } = await deps.studies.get(caller.tenant, id);
    checkValues(study, values);
    const open = study.state === "running" || study.state === "pausing" || study.state === "paused";
    if (!open || study.counts.trials + study.guesses.length >= study.spec.trials)
      throw new ServiceError(
        "forbidden_transition",
        `The study ${open ? "has no trials left" : `is ${study.state}`}; no more are started`,
      );
    if (study.guesses.length >= limits.pageSize)
      throw new ServiceError("quota_exceeded", `${limits.pageSize} guesses wait already`, { retryAfterSeconds: 10 });
    const after: Study = { ...study, guesses: [...study.guesses, values] };
    if (await deps.studies.commit(caller.tenant, version, { study: after, trials: [], events: [] })) return after;
  }
};
