import type { QuotaStanding, RateStanding } from "./fairness/rate.ts";

/** One thing that is wrong with a request: an RFC 6901 pointer into the body (or `/query/x`, for what REST has in the query, on both surfaces), and the remedy. */
export interface FieldError {
  pointer: string;
  detail: string;
}

/** The first of some faults in words, the others by their number. */
export const firstOfFaults = (errors: readonly FieldError[], count = errors.length): string => {
  const more = count > 1 ? ` (and ${count - 1} more)` : "";
  return `${errors[0]!.pointer}: ${errors[0]!.detail}${more}`;
};

/** The one catalogue of what can go wrong: code → HTTP status, gRPC status, title. The docs and both surfaces are generated from it. */
export const errorCatalogue = {
  malformed: { http: 400, grpc: "INVALID_ARGUMENT", title: "The request could not be read" },
  invalid_csv: { http: 400, grpc: "INVALID_ARGUMENT", title: "The file is not well-formed" },
  unauthenticated: { http: 401, grpc: "UNAUTHENTICATED", title: "A valid API key is needed" },
  forbidden: { http: 403, grpc: "PERMISSION_DENIED", title: "The API key lacks the scope for this" },
  foreign_origin: { http: 403, grpc: "PERMISSION_DENIED", title: "Another site's page may not do this" },
  not_found: { http: 404, grpc: "NOT_FOUND", title: "There is no such resource" },
  method_not_allowed: { http: 405, grpc: "UNIMPLEMENTED", title: "This method is not offered here" },
  timed_out: { http: 408, grpc: "DEADLINE_EXCEEDED", title: "The request took too long to arrive" },
  forbidden_transition: { http: 409, grpc: "FAILED_PRECONDITION", title: "Its state does not allow this" },
  precondition_failed: { http: 412, grpc: "ABORTED", title: "It was changed by somebody else meanwhile" },
  in_use: { http: 409, grpc: "FAILED_PRECONDITION", title: "Something still refers to this resource" },
  too_large: { http: 413, grpc: "RESOURCE_EXHAUSTED", title: "The request is larger than the limit" },
  unsupported_media_type: { http: 415, grpc: "INVALID_ARGUMENT", title: "This content type is not supported" },
  invalid: { http: 422, grpc: "INVALID_ARGUMENT", title: "The request is not valid" },
  unprocessable: { http: 422, grpc: "FAILED_PRECONDITION", title: "The request cannot be carried out on this data" },
  idempotency_mismatch: { http: 422, grpc: "ALREADY_EXISTS", title: "The idempotency key was used with another body" },
  over_limit: { http: 422, grpc: "RESOURCE_EXHAUSTED", title: "It is larger than its limit" },
  quota_exceeded: { http: 429, grpc: "RESOURCE_EXHAUSTED", title: "The tenant's limit is reached" },
  rate_limited: { http: 429, grpc: "RESOURCE_EXHAUSTED", title: "Too many requests" },
  overloaded: { http: 503, grpc: "UNAVAILABLE", title: "The service is overloaded" },
  corrupt: { http: 500, grpc: "DATA_LOSS", title: "A stored file is not what was written" },
  internal: { http: 500, grpc: "INTERNAL", title: "The service made a mistake" },
  unavailable: { http: 503, grpc: "UNAVAILABLE", title: "The service is not available right now" },
} as const satisfies Record<string, { http: number; grpc: string; title: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

/** Codes that say "later". */
const retryable: readonly ErrorCode[] = ["unavailable", "overloaded", "rate_limited", "quota_exceeded"];

/** Whole seconds after which trying again makes sense, as every surface tells; null: not as it is. */
export const retryAfterOf = ({ code, retryAfterSeconds }: ServiceError): number | null =>
  retryable.includes(code) ? Math.ceil(retryAfterSeconds ?? 1) : null;

/** What users can cause or the world can do. A bug is an assertion, never a ServiceError. */
export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;
  /** Of what was refused for its rate. */
  readonly rate: RateStanding | undefined;
  /** Of what was refused for a quota. */
  readonly quota: QuotaStanding | undefined;

  constructor(
    code: ErrorCode,
    detail: string,
    options: {
      errors?: readonly FieldError[];
      retryAfterSeconds?: number;
      rate?: RateStanding;
      quota?: QuotaStanding;
      cause?: unknown;
    } = {},
  ) {
    super(detail, { cause: options.cause });
    this.name = "ServiceError";
    this.code = code;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.rate = options.rate;
    this.quota = options.quota;
  }
}

/** The error for a part of a request. */
export const invalidAt = (pointer: string, detail: string): ServiceError =>
  new ServiceError("invalid", `${pointer}: ${detail}`, { errors: [{ pointer, detail }] });

/** What is read, or null where it is not there, or no longer. */
export const orNull = async <T>(read: Promise<T>): Promise<T | null> => {
  try {
    return await read;
  } catch (error) {
    if (error instanceof ServiceError && error.code === "not_found") return null;
    throw error;
  }
};

/** RFC 9457 problem details, the body of every REST error and carried as JSON in the `problem-bin` trailing metadata of every gRPC one. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  errors: readonly FieldError[];
  /** By which the request is found in the log; left out where it never became one. */
  requestId?: string;
}

export const toProblem = (error: ServiceError, requestId?: string): Problem => {
  const entry = errorCatalogue[error.code];
  return {
    type: `urn:descent:error:${error.code}`,
    title: entry.title,
    status: entry.http,
    detail: error.message,
    code: error.code,
    errors: error.errors,
    ...(requestId === undefined ? {} : { requestId }),
  };
};

/** For what only a bug can cause. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
