import {
  type Context,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { type IdGenerator, RandomIdGenerator } from "@opentelemetry/sdk-trace-base";
import type { RootOptions, Span, SpanOptions, Tracing } from "../../domain/observing/tracing.ts";

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

/** Random ids, but for the one span that is started with its own. */
export const createIds = (): IdGenerator & { next(ids: RootOptions["ids"]): void } => {
  const random = new RandomIdGenerator();
  let given: RootOptions["ids"];
  return {
    next: (ids) => {
      given = ids;
    },
    generateTraceId: () => given?.trace ?? random.generateTraceId(),
    generateSpanId: () => given?.span ?? random.generateSpanId(),
  };
};

const toSpanContext = (traceparent: string) => {
  const [, traceId = "", spanId = "", flags = "0"] = traceparent.split("-");
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
};

const toTraceparent = (span: OtelSpan): string => {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
};

/** Spans of OpenTelemetry's SDK, in this service's words. */
export const createOtelTracing = (tracer: Tracer, ids: ReturnType<typeof createIds>): Tracing => {
  const begin = (
    name: string,
    { kind = "internal", attributes = {}, atMs, links = [] }: SpanOptions,
    context: Context,
  ): Span => {
    const span = tracer.startSpan(
      name,
      {
        kind: kinds[kind],
        attributes,
        ...(atMs === undefined ? {} : { startTime: atMs }),
        links: links.map((link) => ({ context: toSpanContext(link) })),
      },
      context,
    );
    return {
      traceparent: toTraceparent(span),
      child: (childName, options = {}) => begin(childName, options, trace.setSpan(ROOT_CONTEXT, span)),
      set: (more) => void span.setAttributes(more),
      event: (eventName, about) => void span.addEvent(eventName, about),
      fail: (message) => void span.setStatus({ code: SpanStatusCode.ERROR, message }),
      end: (endMs) => span.end(endMs),
    };
  };
  return {
    start: (name, { parent, ids: own, ...options }) => {
      const context = parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, toSpanContext(parent));
      ids.next(own);
      try {
        return begin(name, options, context);
      } finally {
        ids.next(undefined);
      }
    },
  };
};
