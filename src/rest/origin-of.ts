import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { limitFields, type Standings, withStanding } from "../domain/fairness/rate.ts";
import { within } from "../domain/observing/tracing.ts";
import { parseRequestId, parseTraceparent } from "../domain/trace.ts";
import type { Admit, Caller } from "../usecases/admission/caller.ts";
import type { OperationName } from "../usecases/admission/operations.ts";

/** The id that the client gave its request, or one of ours. */
export const requestIdOf = ({ headers }: IncomingMessage): string =>
  parseRequestId(headers["x-request-id"]?.toString()) ?? `req_${randomUUID()}`;

/** Lets a request in, tells it where it stands with its rate, and keeps where it comes from for what it makes. */
export const admitRequest = async (
  admit: Admit,
  operation: OperationName,
  request: FastifyRequest,
  reply: FastifyReply,
  authorization: string | undefined = request.headers.authorization,
): Promise<Caller> => {
  const traceparent = request.span.traceparent ?? parseTraceparent(request.headers.traceparent?.toString());
  const admitted = await admit(operation, authorization, request.ip);
  let standings: Standings = { rate: admitted.rate };
  const caller: Caller = {
    ...admitted,
    origin: { requestId: request.id, traceparent },
    tell: (standing) => {
      standings = withStanding(standings, standing);
      if (!reply.raw.headersSent) reply.headers(limitFields(standings.rate, standings.quota));
    },
  };
  reply.headers(limitFields(caller.rate));
  request.caller = caller;
  return caller;
};

/** Does the operation's work in a span of its own, from which all goes on that the caller makes. */
export const inOperation = <T>(
  { span: parent }: FastifyRequest,
  caller: Caller,
  operation: OperationName,
  work: (caller: Caller) => Promise<T>,
): Promise<T> => {
  const span = parent.child(operation);
  const { traceparent } = span;
  const { origin } = caller;
  if (traceparent === null || origin === undefined) return work(caller);
  return within(span, () => work({ ...caller, span, origin: { ...origin, traceparent } }));
};
