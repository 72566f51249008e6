import { limits } from "../../domain/limits.ts";
import type { Study } from "../../domain/studies/study.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { digestOf, parseIdempotencyKey } from "../jobs/idempotency.ts";
import { proposalRule } from "./course/next-trial.ts";
import { countsOf } from "./course/steps.ts";
import { planStudy } from "./planning/plan-study.ts";

/**
 * Records a study durably; its trials are started by whoever looks after studies. With an idempotency key, the same body answers with the study that was made
 * first and another body is `idempotency_mismatch`.
 */
export const submitStudy = async (
  deps: Deps,
  caller: Caller,
  request: { spec: unknown; idempotencyKey?: string | undefined },
): Promise<{ study: Study; created: boolean }> => {
  const key = parseIdempotencyKey(request.idempotencyKey);
  const { spec, epochs, earlier, warnings } = await planStudy(deps, caller, request.spec);
  const createdAt = deps.now().toISOString();
  const study: Study = {
    ...{ id: deps.createId("std"), name: spec.name, state: "running", done: false, progress: 0, spec, epochs },
    ...{ best: null, counts: countsOf([]), final: null, guesses: spec.guesses },
    ...(earlier.length === 0 ? {} : { earlier }),
    rule: proposalRule,
    history: [{ state: "running", at: createdAt, reason: "submitted", attempt: 0 }],
    ...{ createdAt, endedAt: null, error: null },
  };
  return deps.studies.create({
    tenant: caller.tenant,
    study,
    idempotency: key === null ? null : { key, bodyDigest: digestOf(request.spec) },
    mostOpen: limits.openStudies,
    warnings,
  });
};
