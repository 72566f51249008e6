import type { Caller } from "./caller.ts";
import type { OperationName } from "./operations.ts";

/** What a surface tells of a request when it is over: for the log and the meters, which main.ts hands in. */
export interface FinishedRequest {
  surface: "rest" | "grpc";
  requestId: string;
  /** `GET` and the like; `RPC`. */
  method: string;
  /** The pattern of the route, or the RPC's name; never what the client sent, so that there are only so many. Null: there is no such thing. */
  route: string | null;
  /** Null for what is no operation: the page, the docs, health. */
  operation: OperationName | null;
  /** The HTTP status (499: the client went away before the answer), or gRPC's by name. */
  status: string;
  seconds: number;
  /** W3C Trace Context: the request's own span, or what the client sent; null: none. */
  traceparent: string | null;
  /** Null when nobody was admitted. */
  caller: Caller | null;
  /** The id of the job, data set or model that it was about. */
  resource: string | null;
}

export type OnFinished = (request: FinishedRequest) => void;

const kinds: Record<string, string> = { job: "job", ds: "dataset", mdl: "model" };

/** The field of a log line for an id, by its prefix; nothing for what is none, such as a client's fancy. */
export const toSubject = (resource: string | null): Record<string, string> => {
  const [, prefix = ""] = /^([a-z]{2,3})_[0-9A-Z]{26}$/.exec(resource ?? "") ?? [];
  const kind = kinds[prefix];
  return kind === undefined || resource === null ? {} : { [kind]: resource };
};

/** The id of what an operation answered with: of a new job, for one. */
export const idOf = (answer: unknown): string | null =>
  typeof answer === "object" && answer !== null && "id" in answer && typeof answer.id === "string" ? answer.id : null;
