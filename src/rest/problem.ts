import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { type ErrorCode, type Problem, retryAfterOf, ServiceError, toProblem } from "../domain/errors.ts";
import { limitFields } from "../domain/fairness/rate.ts";
import { traceIdOf } from "../domain/trace.ts";
import { discardBody } from "./discard-body.ts";
import { bareHeaders } from "./security-headers.ts";

export const problemContentType = "application/problem+json";

/** What the framework found wrong before a use case saw the request. */
const frameworkErrors: Record<string, ErrorCode> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "unsupported_media_type",
  FST_ERR_CTP_BODY_TOO_LARGE: "too_large",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "malformed",
  FST_ERR_BAD_URL: "malformed",
  FST_ERR_MAX_PARAM_LENGTH: "not_found",
};

/** Anything that was thrown, as a catalogue error: what is not one is a bug of ours, and its message stays in the log. */
export const toServiceError = (error: unknown, requestId: string): ServiceError => {
  if (error instanceof ServiceError) return error;
  const { code, statusCode, message } = (error ?? {}) as Partial<FastifyError>;
  const known = code === undefined ? undefined : frameworkErrors[code];
  if (known !== undefined) return new ServiceError(known, message ?? known, { cause: error });
  // A path that leads out of a folder, or to a file that is not there: which of them is nobody's business.
  if (statusCode === 403 || statusCode === 404)
    return new ServiceError("not_found", "there is nothing here", { cause: error });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new ServiceError("malformed", message ?? "the request could not be read", { cause: error });
  return new ServiceError("internal", `the service made a mistake; it is logged under the request id ${requestId}`, {
    cause: error,
  });
};

export const sendProblem = async (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const known = toServiceError(error, request.id);
  const problem = toProblem(known, request.id);
  const trace = traceIdOf(request.span?.traceparent ?? request.caller?.origin?.traceparent);
  const told = { err: error, ...(trace === null ? {} : { trace_id: trace }) };
  if (known.code === "internal") request.log.error(told, "unexpected error");
  else if (known.code === "corrupt") request.log.error(told, known.message);
  // What is refused for want of room is counted and told of once a second: a line for each would be more load.
  else if (known.code === "unavailable") request.log.warn(told, known.message);
  // A client that is still sending reads no answer: take in what it sends, within bounds, before the answer goes out.
  if (!(await discardBody(request.raw))) reply.header("connection", "close");
  const retryAfter = retryAfterOf(known);
  if (retryAfter !== null) reply.header("retry-after", String(retryAfter));
  if (known.rate !== undefined || known.quota !== undefined)
    reply.headers(limitFields(known.rate ?? request.caller?.rate, known.quota));
  // A route that takes a key in another way has said so.
  if (known.code === "unauthenticated" && !reply.hasHeader("www-authenticate"))
    reply.header("www-authenticate", 'Bearer realm="descent"');
  reply.removeHeader("etag").header("cache-control", "no-store").header("x-request-id", request.id);
  // A URL that the router cannot read is answered before any hook has run.
  if (!reply.hasHeader("content-security-policy")) reply.headers(bareHeaders);
  return reply.code(problem.status).type(problemContentType).send(JSON.stringify(problem));
};

const rawProblem = (problem: Problem): string => {
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? "Error"}`,
    `Content-Type: ${problemContentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(bareHeaders).map(([name, value]) => `${name}: ${value}`),
    "Connection: close",
    "",
    body,
  ].join("\r\n");
};

/** What node's HTTP parser refuses never becomes a request: it is answered on the socket. */
export const answerOnSocket = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const late = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
  const long = error.code === "HPE_HEADER_OVERFLOW";
  const known = late
    ? new ServiceError("timed_out", "the request did not arrive in time: headers within 5 s, a JSON body within 10 s")
    : new ServiceError(
        long ? "too_large" : "malformed",
        long ? "the headers are larger than 16 KiB" : "this is not HTTP/1.1",
      );
  socket.end(rawProblem(toProblem(known)), () => socket.destroy());
};
