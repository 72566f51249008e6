import { retryAfterOf, ServiceError, toProblem } from "../../domain/errors.ts";
import type { JobOutcome } from "../../domain/jobs/job-batch.ts";

export const toOutcomes = (outcomes: readonly JobOutcome[], requestId: string) => {
  const refused = outcomes.filter((outcome) => outcome instanceof ServiceError).length;
  return {
    recorded: outcomes.length - refused,
    refused,
    outcomes: outcomes.map((outcome, index) =>
      outcome instanceof ServiceError
        ? {
            ...{ index, id: null, created: false, problem: toProblem(outcome, requestId) },
            retryAfterSeconds: retryAfterOf(outcome),
          }
        : { index, ...outcome, problem: null, retryAfterSeconds: null },
    ),
  };
};
