/** Where a request comes from: what makes it found again, in logs, in the record of what it made, and in other systems. */
export interface Origin {
  requestId: string;
  /** W3C Trace Context: of the span that made it, where traces are recorded, else as the client sent it; null: neither. */
  traceparent: string | null;
}

const requestIdForm = /^[\w.:/+=@~-]{1,128}$/;

/** The client's own id of a request, if it is one: visible, and short enough for every log line. */
export const parseRequestId = (text: string | undefined): string | null =>
  text !== undefined && requestIdForm.test(text) ? text : null;

/** W3C Trace Context, 3.2: version 00, or what begins like it; ids that are all zeros are none. */
const traceparentForm = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-|$)/;

export const parseTraceparent = (text: string | undefined): string | null =>
  text !== undefined && text.length <= 255 && traceparentForm.test(text) ? text.slice(0, 55) : null;

/** The trace's id, by which log lines of all systems are found; null without one. */
export const traceIdOf = (traceparent: string | null | undefined): string | null =>
  traceparentForm.exec(traceparent ?? "")?.[1] ?? null;

/** Fields of a log line about what a request has made, or is; `trace_id` is the name by which tools know it. */
export const traceFields = (origin: Origin | undefined): { requestId?: string; trace_id?: string } => {
  if (origin === undefined) return {};
  const trace = traceIdOf(origin.traceparent);
  return { requestId: origin.requestId, ...(trace === null ? {} : { trace_id: trace }) };
};
