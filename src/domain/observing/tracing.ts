import { errorCatalogue, ServiceError } from "../errors.ts";

/** What is told of a piece of work as a span, in the words of OpenTelemetry; who records it is built in main.ts. */

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** As OpenTelemetry names them; left out: `internal`. */
  kind?: "internal" | "server" | "producer" | "consumer";
  attributes?: SpanAttributes;
  /** When it began, in milliseconds since 1970; left out: now. */
  atMs?: number;
  /** Spans that it has to do with, each as a traceparent. */
  links?: readonly string[];
}

export interface Span {
  /** Its W3C Trace Context, by which others go on from it; null: nothing is traced. */
  readonly traceparent: string | null;
  child(name: string, options?: SpanOptions): Span;
  set(attributes: SpanAttributes): void;
  event(name: string, attributes: SpanAttributes): void;
  /** Something went wrong: how, in a few words. */
  fail(reason: string): void;
  /** Once. */
  end(atMs?: number): void;
}

export interface RootOptions extends SpanOptions {
  /** The traceparent that it goes on from; null: a trace of its own. */
  parent: string | null;
  /** Ids that others know before the span is told, in hexadecimal; the trace's counts where there is no parent. */
  ids?: { trace: string; span: string };
}

export interface Tracing {
  start(name: string, options: RootOptions): Span;
}

/** Of what is not traced. */
export const noSpan: Span = {
  traceparent: null,
  child: () => noSpan,
  set: () => {},
  event: () => {},
  fail: () => {},
  end: () => {},
};

export const noTracing: Tracing = { start: () => noSpan };

/** What went wrong. What the client did wrong is no failure of the work. */
export const tellError = (span: Span, error: unknown): void => {
  const known = error instanceof ServiceError;
  span.set({ "error.type": known ? error.code : error instanceof Error ? error.name : "unknown" });
  if (!known || errorCatalogue[error.code].http >= 500)
    span.fail(error instanceof Error ? error.message : String(error));
};

/** Runs work inside a span, which ends with it. */
export const within = async <T>(span: Span, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    tellError(span, error);
    throw error;
  } finally {
    span.end();
  }
};
