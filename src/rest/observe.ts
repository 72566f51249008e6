import type { FastifyReply, FastifyRequest } from "fastify";
import { noSpan, type Span, type Tracing } from "../domain/observing/tracing.ts";
import { parseTraceparent } from "../domain/trace.ts";
import type { OnFinished } from "../usecases/admission/finished-request.ts";

/** nginx's word for a client that did not wait for its answer. */
const clientGone = 499;

/** Of the operations; probes, the page and its documents would only hide them. */
const startSpan = (tracing: Tracing, request: FastifyRequest, traceparent: string | null): Span => {
  const { url, config } = request.routeOptions;
  if (config?.operation === undefined || url === undefined) return noSpan;
  return tracing.start(`${request.method} ${url}`, {
    parent: traceparent,
    kind: "server",
    attributes: {
      "http.request.method": request.method,
      "http.route": url,
      "url.path": request.url.split("?")[0] ?? "",
      "url.scheme": request.protocol,
      "descent.operation": config.operation,
      "descent.request_id": request.id,
    },
  });
};

const endSpan = ({ span, caller, resource }: FastifyRequest, status: number): void => {
  span.set({ "http.response.status_code": status });
  if (caller != null) span.set({ "descent.tenant": caller.tenant });
  if (resource != null) span.set({ "descent.resource": resource });
  if (status >= 500) {
    span.set({ "error.type": String(status) });
    span.fail(String(status));
  }
  span.end();
};

export interface Observers {
  onFinished: OnFinished;
  tracing: Tracing;
}

/**
 * Tells of a request when its answer is out or its client gone. The framework's own hook for that is not called for clients that
 * left before the answer began, nor for a URL that the router could not read.
 */
export const observeRequest = (
  request: FastifyRequest,
  reply: FastifyReply,
  { onFinished, tracing }: Observers,
): void => {
  const startedMs = performance.now();
  const sent = parseTraceparent(request.headers.traceparent?.toString());
  request.span = startSpan(tracing, request, sent);
  reply.raw.once("close", () => {
    const status = reply.raw.headersSent ? reply.raw.statusCode : clientGone;
    endSpan(request, status);
    onFinished({
      surface: "rest",
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? null,
      operation: request.routeOptions.config?.operation ?? null,
      status: String(status),
      seconds: (performance.now() - startedMs) / 1000,
      traceparent: request.span.traceparent ?? sent,
      // A URL that the router refuses is a bare request of the framework's, without what this server adds to its own.
      caller: request.caller ?? null,
      resource: request.resource ?? null,
    });
  });
};
