import { randomUUID } from "node:crypto";
import { Metadata, status } from "@grpc/grpc-js";
import { rateFields } from "../domain/fairness/rate.ts";
import { parseRequestId, parseTraceparent } from "../domain/trace.ts";
import type { Caller } from "../usecases/admission/caller.ts";
import { idOf, type OnFinished } from "../usecases/admission/finished-request.ts";
import type { OperationName } from "../usecases/admission/operations.ts";

/** What is kept of a call while it runs, to be told when it is over. */
export interface Observed {
  requestId: string;
  traceparent: string | null;
  /** Set when somebody was admitted. */
  caller: Caller | null;
  /** Told once: an answer says which resource was made. */
  finished(code: status, answer?: unknown): void;
  /** The id under which the call is logged, for the client's side. */
  trailer(): Metadata;
}

/** Predictions name their model by a field of its own. */
const modelOf = (request: unknown): string | null =>
  typeof request === "object" && request !== null && "model" in request && typeof request.model === "string"
    ? request.model
    : null;

export const observeCall = (
  onFinished: OnFinished,
  operation: OperationName,
  request: unknown,
  sent: Metadata,
): Observed => {
  const startedMs = performance.now();
  const textOf = (name: string): string | undefined => sent.get(name)[0]?.toString();
  const requestId = parseRequestId(textOf("x-request-id")) ?? `req_${randomUUID()}`;
  const observed: Observed = {
    requestId,
    traceparent: parseTraceparent(textOf("traceparent")),
    caller: null,
    finished: (code, answer) =>
      onFinished({
        surface: "grpc",
        requestId,
        method: "RPC",
        route: operation,
        operation,
        status: status[code] ?? String(code),
        seconds: (performance.now() - startedMs) / 1000,
        caller: observed.caller,
        resource: idOf(request) ?? modelOf(request) ?? idOf(answer),
      }),
    trailer: () => {
      const metadata = new Metadata();
      metadata.set("x-request-id", requestId);
      const { rate } = observed.caller ?? {};
      if (rate !== undefined) for (const [name, text] of Object.entries(rateFields(rate))) metadata.set(name, text);
      return metadata;
    },
  };
  return observed;
};
