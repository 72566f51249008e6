import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { toProblem } from "../domain/errors.ts";
import { type LoadGate, overloaded } from "../usecases/admission/load-gate.ts";
import { problemContentType } from "./problem.ts";
import { bareHeaders } from "./security-headers.ts";

/** A body up to this length is read over without a thought; the sender of a longer one is told by the ordinary way. */
const smallBodyBytes = 64 * 1024;

const body = JSON.stringify(toProblem(overloaded()));
const headers = {
  "content-type": problemContentType,
  "content-length": Buffer.byteLength(body),
  "retry-after": "1",
  ...bareHeaders,
};

/** Probes are answered whatever the load: a process that is busy is not to be killed for it. */
const isProbe = (url: string): boolean => /^\/(healthz|readyz|metrics)(\?|$)/.test(url);

const isSmall = ({ headers: given }: IncomingMessage): boolean =>
  given["transfer-encoding"] === undefined && Number(given["content-length"] ?? 0) <= smallBodyBytes;

/**
 * Refuses what comes while the gate is full before anything else is done for it: no route, no key, no body, no Redis. A refusal
 * costs a small part of the least answer, so that the process can refuse many times more than it can serve.
 */
export const shedLoad =
  (gate: LoadGate, next: RequestListener): RequestListener =>
  (request: IncomingMessage, response: ServerResponse & { req: IncomingMessage }) => {
    if (!gate.isFull() || isProbe(request.url ?? "") || !isSmall(request)) return next(request, response);
    gate.countRefusal();
    response.writeHead(503, headers).end(body);
  };

/** Calls back when the answer is out or the client gone, also if it is so already. */
export const whenAnswered = (response: ServerResponse, act: () => void): void => {
  if (response.closed) act();
  else response.once("close", act);
};
