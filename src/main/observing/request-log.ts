import type { Logger } from "pino";
import { traceIdOf } from "../../domain/trace.ts";
import { type FinishedRequest, type OnFinished, toSubject } from "../../usecases/admission/finished-request.ts";
import { scopeOf } from "../../usecases/admission/operations.ts";

/** Probes come every few seconds, and say nothing. */
const silent = new Set(["/healthz", "/readyz", "/metrics"]);

/** Refusals of which an attack or an overload makes thousands: the meters count them. */
const many = new Set(["401", "429", "503", "UNAUTHENTICATED", "RESOURCE_EXHAUSTED", "UNAVAILABLE"]);

const went = ({ status }: FinishedRequest): boolean => status === "OK" || /^[1-3]\d\d$/.test(status);

/** What changes something, or went wrong, is worth a line; looking is not, unless one debugs. */
const levelOf = (request: FinishedRequest): "info" | "debug" => {
  const { operation, status } = request;
  if (operation === null || many.has(status)) return "debug";
  return went(request) && scopeOf(operation) === "read" ? "debug" : "info";
};

/** One line for each finished request. */
export const logRequests =
  (log: Logger): OnFinished =>
  (request) => {
    const { surface, requestId, method, route, status, seconds, caller, resource } = request;
    const level = levelOf(request);
    if (!log.isLevelEnabled(level) || (route !== null && silent.has(route))) return;
    // A number to compare over REST; over gRPC the name by which everyone knows it, in a field of its own.
    const outcome = surface === "rest" ? { status: Number(status) } : { code: status };
    const fields = { requestId, surface, method, route, ...outcome, ms: Math.round(seconds * 1e4) / 10 };
    const trace = traceIdOf(request.traceparent);
    const who = caller === null ? {} : { tenant: caller.tenant, ...(caller.key === null ? {} : { key: caller.key }) };
    log[level](
      { ...fields, ...(trace === null ? {} : { trace_id: trace }), ...who, ...toSubject(resource) },
      "request",
    );
  };
