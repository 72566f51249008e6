import { once } from "node:events";
import {
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import { ServiceError } from "../domain/errors.ts";
import { withStanding } from "../domain/fairness/rate.ts";
import { type Tracing, within as withinSpan } from "../domain/observing/tracing.ts";
import type { Admit, Caller } from "../usecases/admission/caller.ts";
import type { OnFinished } from "../usecases/admission/finished-request.ts";
import type { LoadGate, LoadKind } from "../usecases/admission/load-gate.ts";
import type { OperationName } from "../usecases/admission/operations.ts";
import type { Deps } from "../usecases/deps.ts";
import { Undecodable } from "./coding.ts";
import type { Encoded } from "./encoded.ts";
import { type Observed, observeCall } from "./observe.ts";
import { toStatus } from "./status.ts";

/** What every handler of this surface is built with. */
export interface Wiring {
  deps: Deps;
  admit: Admit;
  gate: LoadGate;
  /** Aborts when the server closes: what ends every wait and stream. */
  closing: AbortSignal;
  /** Told of every call when it is over. */
  onFinished: OnFinished;
  tracing: Tracing;
}

/** A call without a deadline must not hold its stream for ever. */
const unaryLimitMs = 90_000;
const streamLimitMs = 60 * 60_000;

/** What the three kinds of calls have in common. */
type AnyCall = Pick<ServerUnaryCall<unknown, unknown>, "metadata" | "getPeer" | "cancelled"> & {
  on(event: "cancelled", listener: () => void): unknown;
};

/** How a call counts for the gate, and how long it may last. */
interface Lasting {
  kind: LoadKind;
  limitMs: number;
}

interface Running {
  caller: Caller;
  /** Aborts when the client goes away or the time is over. */
  gone: AbortSignal;
  /** … or the server closes. */
  signal: AbortSignal;
}

/** The key first, then a place: who has no key takes none. */
const run = async <R>(
  wiring: Wiring,
  operation: OperationName,
  call: AnyCall,
  observed: Observed,
  { kind, limitMs }: Lasting,
  handle: (running: Running) => Promise<R>,
): Promise<R> => {
  const { gate, closing, admit } = wiring;
  // Listened for before anything is waited for: a client that goes at once is told of only once.
  const gone = new AbortController();
  call.on("cancelled", () => gone.abort());
  if (call.cancelled) gone.abort();
  if (closing.aborted) throw new ServiceError("unavailable", "the service is stopping");
  gate.requireRoom();
  const authorization = call.metadata.get("authorization")[0]?.toString();
  const { requestId } = observed;
  const admitted = await admit(operation, authorization, call.getPeer());
  observed.caller = { ...admitted, origin: { requestId, traceparent: observed.traceparent } };
  const span = observed.span.child(operation);
  observed.standings = { rate: admitted.rate };
  const tell: Caller["tell"] = (standing) => {
    observed.standings = withStanding(observed.standings, standing);
  };
  const caller = {
    ...admitted,
    span,
    tell,
    origin: { requestId, traceparent: span.traceparent ?? observed.traceparent },
  };
  const work = async () => {
    if (gone.signal.aborted) throw new ServiceError("timed_out", "the client went away before the call began");
    const signal = AbortSignal.any([gone.signal, closing]);
    return within(operation, limitMs, gone, () => handle({ caller, gone: gone.signal, signal }));
  };
  const lasting = async () => {
    const leave = gate.enter(kind === "upload" ? "upload" : "long", caller);
    try {
      return await work();
    } finally {
      leave();
    }
  };
  return withinSpan(span, () => (kind === "short" ? gate.run(caller, work) : lasting()));
};

/** Lets the work go on for so long; then it is aborted and the call is `timed_out`. */
const within = async <R>(
  operation: OperationName,
  limitMs: number,
  gone: AbortController,
  work: () => Promise<R>,
): Promise<R> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      gone.abort();
      reject(new ServiceError("timed_out", `a call of ${operation} may last at most ${limitMs / 1000} s`));
    }, limitMs);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
};

/** How a call was refused. A client that left is not told, but the log is. */
const refused = (
  { deps, closing }: Wiring,
  operation: OperationName,
  call: { cancelled: boolean },
  observed: Observed,
  error: unknown,
): StatusObject => {
  // A client that leaves and a server that closes interrupt what is under way: no fault of anything.
  const expected = error instanceof ServiceError && (call.cancelled || closing.aborted);
  const answer = toStatus(error, operation, expected ? null : deps.log, observed);
  observed.finished(call.cancelled ? status.CANCELLED : answer.code);
  return answer;
};

const decoded = <Q>(request: Q): Q => {
  if (request instanceof Undecodable) throw new ServiceError(request.code, request.detail);
  return request;
};

/** A call that asks to be held back until something changes. */
const isWait = (request: unknown): boolean =>
  typeof request === "object" && request !== null && "waitSeconds" in request && Number(request.waitSeconds) > 0;

export const unary =
  <Q, R>(
    wiring: Wiring,
    operation: OperationName,
    handle: (caller: Caller, request: Q, signal: AbortSignal) => Promise<R | Encoded<R>>,
  ): handleUnaryCall<Q, R> =>
  (call, callback) => {
    const observed = observeCall(wiring, operation, call.request, call);
    const kind = isWait(call.request) ? "long" : "short";
    run(wiring, operation, call, observed, { kind, limitMs: unaryLimitMs }, ({ caller, signal }) =>
      handle(caller, decoded(call.request), signal),
    ).then(
      (response) => {
        callback(null, response as R, observed.trailer());
        observed.finished(call.cancelled ? status.CANCELLED : status.OK, response);
      },
      (error: unknown) => callback(refused(wiring, operation, call, observed, error)),
    );
  };

/**
 * Waits when the client reads slower than we write, instead of holding what it has not read. Rejects with `unavailable` when the signal
 * aborts before the last message: OK says that the stream is whole.
 */
const pump = async <R>(call: ServerWritableStream<unknown, R>, messages: AsyncIterable<R>, signal: AbortSignal) => {
  try {
    for await (const message of messages) {
      signal.throwIfAborted();
      if (!call.write(message)) await once(call, "drain", { signal });
    }
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new ServiceError("unavailable", "the stream was interrupted before its end; resume it", { cause });
  }
};

export const serverStream =
  <Q, R>(
    wiring: Wiring,
    operation: OperationName,
    handle: (caller: Caller, request: Q, signal: AbortSignal) => Promise<AsyncIterable<R>>,
  ): handleServerStreamingCall<Q, R> =>
  (call) => {
    const observed = observeCall(wiring, operation, call.request, call);
    const lasting: Lasting = { kind: "long", limitMs: streamLimitMs };
    run(wiring, operation, call, observed, lasting, async ({ caller, signal }) =>
      pump(call, await handle(caller, decoded(call.request), signal), signal),
    ).then(
      () => {
        call.end(observed.trailer());
        observed.finished(call.cancelled ? status.CANCELLED : status.OK);
      },
      (error: unknown) => {
        const answer = refused(wiring, operation, call, observed, error);
        if (!call.cancelled) call.emit("error", answer);
      },
    );
  };

/** No limit on the whole: an upload is cut when it makes no progress, see the use case's floor. */
const uploadLimitMs = 24 * 60 * 60_000;

export const clientStream =
  <Q, R>(
    wiring: Wiring,
    operation: OperationName,
    handle: (caller: Caller, requests: ServerReadableStream<Q, R>, gone: AbortSignal) => Promise<R | Encoded<R>>,
  ): handleClientStreamingCall<Q, R> =>
  (call, callback) => {
    const observed = observeCall(wiring, operation, null, call);
    const lasting: Lasting = { kind: "upload", limitMs: uploadLimitMs };
    run(wiring, operation, call, observed, lasting, ({ caller, gone }) => handle(caller, call, gone)).then(
      (response) => {
        callback(null, response as R, observed.trailer());
        observed.finished(status.OK, response);
      },
      (error: unknown) => callback(refused(wiring, operation, call, observed, error)),
    );
  };
