import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { errorCatalogue, retryAfterOf, ServiceError } from "../domain/errors.ts";
import { limitFields } from "../domain/fairness/rate.ts";
import { limits } from "../domain/limits.ts";
import { discardBody } from "../rest/discard-body.ts";
import { readBinaryBody } from "../rest/json-body.ts";
import { admitRequest, inOperation } from "../rest/origin-of.ts";
import { whenAnswered } from "../rest/shed-load.ts";
import type { Admit, Caller } from "../usecases/admission/caller.ts";
import type { LoadGate } from "../usecases/admission/load-gate.ts";
import type { OperationName } from "../usecases/admission/operations.ts";
import type { Deps } from "../usecases/deps.ts";
import { readiness } from "../usecases/upkeep/readiness.ts";
import { modelMetadata, namedModel, serverMetadata, versionOf } from "./named-model.ts";
import { refused } from "./tensor.ts";

interface Wiring {
  deps: Deps;
  admit: Admit;
  gate: LoadGate;
}

const lengthHeader = "inference-header-content-length";

/** The protocol's form of an error. */
const sendError = async (error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
  const known = error instanceof ServiceError ? error : null;
  const status = (error as { statusCode?: number }).statusCode;
  if (known === null && (status === undefined || status >= 500)) request.log.error({ err: error }, "unexpected error");
  // As under `/v1`: who is still sending reads no answer.
  if (!(await discardBody(request.raw))) reply.header("connection", "close");
  const retryAfter = known === null ? null : retryAfterOf(known);
  if (retryAfter !== null) reply.header("retry-after", String(retryAfter));
  reply.headers(limitFields(known?.rate));
  const code = known === null ? (status ?? 500) : errorCatalogue[known.code].http;
  const message =
    known?.message ?? (code >= 500 ? "the service made a mistake; it is logged" : (error as Error).message);
  return reply
    .code(code)
    .type("application/json")
    .header("cache-control", "no-store")
    .send(JSON.stringify({ error: message }));
};

const jsonBytesOf = ({ headers }: FastifyRequest): number | null => {
  const value = headers[lengthHeader];
  if (value === undefined) return null;
  if (typeof value !== "string" || !/^\d{1,12}$/.test(value))
    throw refused("Inference-Header-Content-Length must be a number of bytes");
  return Number(value);
};

const callerOf = ({ caller }: FastifyRequest): Caller => {
  if (caller === null) throw new ServiceError("unauthenticated", "an API key is needed");
  return caller;
};

type Params = { name: string; version?: string };
type Handle = (caller: Caller, params: Params, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** The Open Inference Protocol under `/v2`: its own paths, bodies and form of errors over the same use cases. */
export const registerInferenceProtocol = async (app: FastifyInstance, { deps, admit, gate }: Wiring): Promise<void> => {
  await app.register(async (scope) => {
    scope.setErrorHandler(sendError);
    scope.addContentTypeParser("*", (request: FastifyRequest, payload: IncomingMessage) =>
      readBinaryBody(request, payload),
    );
    const schema = { hide: true };
    scope.get("/v2/health/live", { schema }, async (_request, reply) => reply.code(200).send());
    scope.get("/v2/health/ready", { schema }, async (_request, reply) =>
      reply.code((await readiness(deps)).status === "not_ready" ? 503 : 200).send(),
    );
    scope.get("/v2", { schema }, async () => serverMetadata);
    const route = (method: "GET" | "POST", url: string, handle: Handle): void => {
      const operation: OperationName = method === "POST" ? "predict" : "getModel";
      for (const path of [`/v2/models/:name${url}`, `/v2/models/:name/versions/:version${url}`]) {
        scope.route({
          ...{ method, url: path, schema, bodyLimit: limits.predictBodyBytes, exposeHeadRoute: false },
          config: { operation },
          // Before the body is read: room, key, scope and rate.
          onRequest: async (request, reply) => {
            gate.requireRoom();
            const caller = await admitRequest(admit, operation, request, reply);
            const body = gate.hold(caller);
            request.holdBytes = body.add;
            whenAnswered(reply.raw, body.release);
          },
          handler: async (request, reply) => {
            const params = request.params as Params;
            request.resource = params.name;
            return inOperation(request, callerOf(request), operation, async (caller) =>
              gate.run(caller, () => handle(caller, params, request, reply)),
            );
          },
        });
      }
    };
    route("GET", "", (caller, { name, version }) => modelMetadata(deps, caller, name, version ?? ""));
    route("GET", "/ready", async (caller, { name, version }, _request, reply) => {
      await namedModel(deps, caller, name, version ?? "");
      return reply.code(200).send();
    });
    route("POST", "/infer", async (caller, { name, version }, request, reply) => {
      const model = await namedModel(deps, caller, name, version ?? "");
      const jsonBytes = jsonBytesOf(request);
      const body = (request.body as Uint8Array<ArrayBuffer> | undefined) ?? new Uint8Array();
      const answer = await deps.engine.inferHttp(caller, model, { body, jsonBytes, name, version: versionOf(model) });
      if (answer.jsonBytes === null) return reply.type("application/json").send(answer.body);
      return reply.type("application/octet-stream").header(lengthHeader, answer.jsonBytes).send(answer.body);
    });
  });
};
