import type { FastifyReply, FastifyRequest } from "fastify";
import { type ErrorCode, errorCatalogue, invalidAt, retryAfterOf, type ServiceError } from "../domain/errors.ts";
import { toServiceError } from "../rest/problem.ts";

/** Refuses a part of a request. */
export const refuse = (pointer: string, detail: string): never => {
  throw invalidAt(pointer, detail);
};

/** Where OpenAI's requests have what a pointer into ours means. */
const params: Readonly<Record<string, string>> = {
  "/dataset": "training_file",
  "/base/model": "model",
  "/model": "model",
  "/model/type": "model",
  "/task/label": "metadata.label",
  "/task/type": "metadata.task",
  "/training/epochs": "hyperparameters.n_epochs",
  "/training/batchSize": "hyperparameters.batch_size",
  "/optimizer/learningRate": "hyperparameters.learning_rate_multiplier",
  "/training/seed": "seed",
  "/name": "suffix",
};

const paramOf = (pointer: string): string =>
  params[pointer] ??
  pointer
    .replace(/^\/(query\/)?/, "")
    .replace(/^labels(\/|$)/, "metadata$1")
    .replaceAll("/", ".");

/** OpenAI answers 400 to whatever is wrong with a request; the codes stay those of this service. */
const statusOf = (code: ErrorCode): number => {
  const { http } = errorCatalogue[code];
  return http === 422 ? 400 : http;
};

const typeOf = (status: number): string => {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
};

const toBody = (error: ServiceError, status: number): unknown => {
  const [first] = error.errors;
  const param = first === undefined ? null : paramOf(first.pointer);
  return { error: { message: first?.detail ?? error.message, type: typeOf(status), param, code: error.code } };
};

/** Errors in the shape that OpenAI's clients read. */
export const sendError = async (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const known = toServiceError(error, request.id);
  if (known.code === "internal") request.log.error({ err: error }, "unexpected error");
  const status = statusOf(known.code);
  const retryAfter = retryAfterOf(known);
  if (retryAfter !== null) reply.header("retry-after", String(retryAfter));
  if (!request.raw.readableEnded) reply.header("connection", "close");
  return reply
    .code(status)
    .type("application/json")
    .send(JSON.stringify(toBody(known, status)));
};
