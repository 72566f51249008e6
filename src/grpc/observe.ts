import { randomUUID } from "node:crypto";
import { Metadata, status } from "@grpc/grpc-js";
import type { ServiceError } from "../domain/errors.ts";
import { limitFields, type Standings } from "../domain/fairness/rate.ts";
import type { Span, Tracing } from "../domain/observing/tracing.ts";
import { parseRequestId, parseTraceparent } from "../domain/trace.ts";
import type { Caller } from "../usecases/admission/caller.ts";
import { idOf, type OnFinished } from "../usecases/admission/finished-request.ts";
import type { OperationName } from "../usecases/admission/operations.ts";

/** What is kept of a call while it runs, to be told when it is over. */
export interface Observed {
  requestId: string;
  traceparent: string | null;
  span: Span;
  /** Set when somebody was admitted. */
  caller: Caller | null;
  /** With what the call counted against. */
  standings: Standings;
  /** Told once: an answer says which resource was made. */
  finished(code: status, answer?: unknown): void;
  /** For the client: the id under which the call is logged, and where its caller stands, unless a refusal says that itself. */
  trailer(refusal?: ServiceError): Metadata;
}

/** Predictions name their model by a field of its own. */
const modelOf = (request: unknown): string | null =>
  typeof request === "object" && request !== null && "model" in request && typeof request.model === "string"
    ? request.model
    : null;

/** What is known of a call before anything is done. */
interface Begun {
  metadata: Metadata;
  /** `/descent.v1.JobsService/SubmitJob` */
  getPath(): string;
}

const startSpan = (
  tracing: Tracing,
  call: Begun,
  operation: OperationName,
  requestId: string,
  parent: string | null,
) => {
  const method = call.getPath().slice(1);
  return tracing.start(method, {
    parent,
    kind: "server",
    attributes: {
      "rpc.system.name": "grpc",
      "rpc.method": method,
      "descent.operation": operation,
      "descent.request_id": requestId,
    },
  });
};

/** gRPC's statuses for what the server did wrong. */
const serverFaults = new Set([
  ...[status.UNKNOWN, status.DEADLINE_EXCEEDED, status.UNIMPLEMENTED, status.INTERNAL],
  ...[status.UNAVAILABLE, status.DATA_LOSS],
]);

const endSpan = ({ span, caller }: Observed, code: status, resource: string | null): void => {
  const name = status[code] ?? String(code);
  span.set({ "rpc.response.status_code": name });
  if (caller !== null) span.set({ "descent.tenant": caller.tenant });
  if (resource !== null) span.set({ "descent.resource": resource });
  if (serverFaults.has(code)) {
    span.set({ "error.type": name });
    span.fail(name);
  }
  span.end();
};

export const observeCall = (
  { onFinished, tracing }: { onFinished: OnFinished; tracing: Tracing },
  operation: OperationName,
  request: unknown,
  call: Begun,
): Observed => {
  const startedMs = performance.now();
  const textOf = (name: string): string | undefined => call.metadata.get(name)[0]?.toString();
  const requestId = parseRequestId(textOf("x-request-id")) ?? `req_${randomUUID()}`;
  const sent = parseTraceparent(textOf("traceparent"));
  const span = startSpan(tracing, call, operation, requestId, sent);
  const traceparent = span.traceparent ?? sent;
  const observed: Observed = {
    requestId,
    traceparent,
    span,
    caller: null,
    standings: { rate: undefined },
    finished: (code, answer) => {
      const resource = idOf(request) ?? modelOf(request) ?? idOf(answer);
      endSpan(observed, code, resource);
      onFinished({
        surface: "grpc",
        requestId,
        method: "RPC",
        route: operation,
        operation,
        status: status[code] ?? String(code),
        seconds: (performance.now() - startedMs) / 1000,
        caller: observed.caller,
        traceparent,
        resource,
      });
    },
    trailer: (refusal) => {
      const metadata = new Metadata();
      metadata.set("x-request-id", requestId);
      const { rate, quota } = observed.standings;
      const limits = limitFields(refusal?.rate ?? rate, refusal?.quota ?? quota);
      for (const [name, text] of Object.entries(limits)) metadata.set(name, text);
      return metadata;
    },
  };
  return observed;
};
