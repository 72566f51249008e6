import { type StatusObject, status } from "@grpc/grpc-js";
import { errorCatalogue, type Problem, retryAfterOf, ServiceError, toProblem } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import type { Observed } from "./observe.ts";

/** Trailers travel as one header block, and clients refuse large ones. */
const problemBytes = 6 * 1024;

/** The whole problem document, or as many of its single faults as fit. */
const toBytes = (problem: Problem): Buffer => {
  for (let { errors } = problem; ; errors = errors.slice(0, -1)) {
    const bytes = Buffer.from(JSON.stringify({ ...problem, errors }));
    if (bytes.length <= problemBytes || errors.length === 0) return bytes;
  }
};

const toServiceError = (error: unknown, operation: string, log: Log | null, requestId: string): ServiceError => {
  if (error instanceof ServiceError) {
    if (errorCatalogue[error.code].http >= 500) log?.warn({ err: error, operation, requestId }, error.message);
    return error;
  }
  log?.error({ err: error, operation, requestId }, "unexpected error");
  const detail = `the service made a mistake in ${operation}; it is logged under the request id ${requestId}`;
  return new ServiceError("internal", detail, { cause: error });
};

/**
 * Anything that was thrown, as a gRPC status: the catalogue's code, and beside what every answer's trailer says the problem document in
 * `problem-bin`. Without a log nothing is said of it: it was to be expected.
 */
export const toStatus = (
  error: unknown,
  operation: string,
  log: Log | null,
  { requestId, trailer }: Pick<Observed, "requestId" | "trailer">,
): StatusObject => {
  const known = toServiceError(error, operation, log, requestId);
  const problem = toProblem(known, requestId);
  const metadata = trailer(known);
  metadata.set("problem-bin", toBytes(problem));
  const retryAfter = retryAfterOf(known);
  if (retryAfter !== null) metadata.set("retry-after", String(retryAfter));
  return { code: status[errorCatalogue[known.code].grpc], details: known.message.slice(0, 2000), metadata };
};
