import type { RequestListener } from "node:http";
import type { Socket } from "node:net";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import { ServiceError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { MetricsFormat } from "../domain/observing/metrics-format.ts";
import { noTracing, type Tracing } from "../domain/observing/tracing.ts";
import { type Admit, admitEveryone, type Caller } from "../usecases/admission/caller.ts";
import { idOf, type OnFinished } from "../usecases/admission/finished-request.ts";
import { createLoadGate, type LoadGate } from "../usecases/admission/load-gate.ts";
import type { Deps } from "../usecases/deps.ts";
import { readVersion } from "../usecases/service-version.ts";
import { type Connections, trackConnections } from "./connections.ts";
import { allowOrigins } from "./cross-origin.ts";
import { type Door, goneSignal, registerBehind, requestSignal } from "./door.ts";
import { openFileBody } from "./file-body.ts";
import { refuseForeignPages } from "./foreign-pages.ts";
import { parseJsonBody, readBinaryBody, readJsonBody } from "./json-body.ts";
import { type Observers, observeRequest } from "./observe.ts";
import { registerOpenApi, routeSchema } from "./openapi/openapi.ts";
import { requestIdOf } from "./origin-of.ts";
import { answerOnSocket, sendProblem } from "./problem.ts";
import { entityTag, matches } from "./routes/entity-tag.ts";
import { registerMetrics } from "./routes/metrics-route.ts";
import { parseQuery } from "./routes/query.ts";
import type { RestRoute } from "./routes/route.ts";
import { restRoutes } from "./routes/routes.ts";
import { registerService } from "./routes/service-routes.ts";
import { answerUnknown, type KnownRoute } from "./routes/unknown-route.ts";
import { addSecurityHeaders } from "./security-headers.ts";
import { shedLoad } from "./shed-load.ts";
import { createWriter } from "./written.ts";

export interface RestOptions {
  /** Who may come in; without it everyone is the default tenant. */
  admit?: Admit;
  /** Pages of these origins may use the service from browsers. */
  corsOrigins?: readonly string[];
  /** A pino logger; without it nothing is logged. */
  logger?: FastifyBaseLogger;
  /** Certificate and key in PEM: HTTPS instead of HTTP. */
  tls?: { key: Buffer; cert: Buffer };
  /** Told of every request when its answer is out or its client gone. */
  onFinished?: OnFinished;
  /** Without it nothing is traced. */
  tracing?: Tracing;
  /** For `/metrics`; without it there is no such route. */
  metrics?: (format: MetricsFormat) => Promise<string>;
  /** What this process takes on at once; one of its own if left out. */
  gate?: LoadGate;
  /** The status page and whatever else main.ts adds to this server, behind its door. */
  plugins?: readonly ((app: FastifyInstance, door: Door) => Promise<void>)[];
}

/** Values of docs: how long a request may take to arrive. Uploads are exempt, see `uploads`. */
const timing = { requestTimeout: 10_000, keepAliveTimeout: 72_000 };
const http = { headersTimeout: 5000, connectionsCheckingInterval: 1000 };

/** What a request may still take when the server closes. */
const closeLimitMs = 10_000;

const createApp = (options: RestOptions, uploads: WeakSet<Socket>, observers: Observers): FastifyInstance =>
  Fastify({
    ...timing,
    ...(options.tls === undefined ? { http } : { https: { ...http, ...options.tls } }),
    ...(options.logger === undefined ? { logger: false } : { loggerInstance: options.logger }),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "requestId" }),
    bodyLimit: limits.jsonBodyBytes,
    requestIdHeader: false,
    genReqId: requestIdOf,
    return503OnClosing: false,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 200 },
    frameworkErrors: (error, request, reply) => {
      observeRequest(request, reply, observers);
      void sendProblem(error, request, reply);
    },
    clientErrorHandler: (error, socket) => {
      // Node's limit on a whole request; it is raised once per request, and an upload has its own, by progress.
      if ((error as NodeJS.ErrnoException).code === "ERR_HTTP_REQUEST_TIMEOUT" && uploads.has(socket)) return;
      answerOnSocket(error, socket);
    },
  }) as unknown as FastifyInstance;

interface Wiring {
  deps: Deps;
  door: Door;
  write: ReturnType<typeof createWriter>;
}

/** Calls the route's handler. A signal costs more than many a request, so it is made for those that ask for it. */
const callRoute = async (
  route: RestRoute,
  { deps, door, write }: Wiring,
  caller: Caller,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> => {
  const { body } = request;
  const query = parseQuery(route.query, request.query);
  const params = request.params as Record<string, string>;
  request.resource = params.id ?? null;
  let signal: AbortSignal | undefined;
  let gone: AbortSignal | undefined;
  const call = {
    ...{ deps, caller, params, query, body, request, reply },
    get signal() {
      signal ??= requestSignal(reply, door.closing);
      return signal;
    },
    get gone() {
      gone ??= goneSignal(reply);
      return gone;
    },
  };
  const answer = await route.handle(call);
  request.resource ??= idOf(answer);
  return write(reply, answer);
};

const registerRoute = (app: FastifyInstance, route: RestRoute, wiring: Wiring): void =>
  registerBehind(app, wiring.door, {
    ...{ method: route.method, url: route.url, operation: route.operations[0], schema: routeSchema(route) },
    ...{
      bodyLimitBytes: route.bodyLimitBytes,
      upload: route.upload,
      isLong: route.isLong,
      takesToken: route.takesToken,
      isFile: route.isFile,
    },
    handle: (caller, request, reply) => callRoute(route, wiring, caller, request, reply),
  });

const refuseType = (wanted: string) => async (request: FastifyRequest) => {
  const given = request.headers["content-type"];
  const came = given === undefined ? "without a Content-Type" : `with ${given.slice(0, 100)}`;
  throw new ServiceError("unsupported_media_type", `the body must be ${wanted}; it came ${came}`);
};

/** Each kind of body has a context of its own, so that a JSON route refuses a file and the reverse, with 415. */
const registerRoutes = async (app: FastifyInstance, wiring: Wiring): Promise<void> => {
  app.removeAllContentTypeParsers();
  await app.register(async (scope) => {
    scope.addContentTypeParser("application/json", parseJsonBody);
    scope.addContentTypeParser("*", refuseType("JSON, sent with Content-Type: application/json"));
    for (const route of restRoutes.filter(({ upload, unreadJson }) => !(upload || unreadJson)))
      registerRoute(scope, route, wiring);
  });
  for (const route of restRoutes.filter(({ unreadJson }) => unreadJson)) {
    await app.register(async (scope) => {
      const others = route.body?.otherTypes ?? [];
      scope.addContentTypeParser("application/json", readJsonBody);
      if (others.length > 0) scope.addContentTypeParser([...others], readBinaryBody);
      const wanted = ["JSON, sent with Content-Type: application/json", ...others].join(", ");
      scope.addContentTypeParser("*", refuseType(wanted));
      registerRoute(scope, route, wiring);
    });
  }
  for (const route of restRoutes.filter(({ upload }) => upload === true)) {
    await app.register(async (scope) => {
      const types = [route.body?.contentType ?? "", ...(route.body?.otherTypes ?? [])];
      scope.addContentTypeParser(types, openFileBody);
      scope.addContentTypeParser("*", refuseType(`a file, sent with Content-Type: ${types.join(", ")}`));
      registerRoute(scope, route, wiring);
    });
  }
};

interface Hooks {
  connections: Connections;
  closing: AbortSignal;
  observers: Observers;
}

const addHooks = (app: FastifyInstance, { connections, closing, observers }: Hooks): void => {
  // None of these waits for anything: a promise apiece would cost more than what they do.
  app.addHook("onRequest", (request, reply, done) => {
    observeRequest(request, reply, observers);
    reply.header("x-request-id", request.id);
    connections.begin(request.raw.socket, reply.raw);
    done();
  });
  // Whoever waits is answered with what there is when the server closes, and asks again: elsewhere, not on this connection.
  app.addHook("onSend", (_request, reply, payload, done) => {
    if (closing.aborted) reply.header("connection", "close");
    done(null, payload);
  });
  // The one place that answers "not modified", after the handler has set every header of what it would have sent: a browser puts
  // those of a 304 in the place of those that it has kept (RFC 9111, 4.3.4).
  app.addHook("onSend", (request, reply, payload, done) => done(null, unlessKnown(request, reply, payload)));
};

/** The payload, with its ETag; of what the client has already, nothing with status 304. */
const unlessKnown = (request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown => {
  if (!(request.method === "GET" || request.method === "HEAD") || reply.statusCode !== 200) return payload;
  const computed = () =>
    request.url.startsWith("/v1/") && typeof payload === "string" ? entityTag(payload) : undefined;
  const tag = reply.getHeader("etag")?.toString() ?? computed();
  if (tag === undefined) return payload;
  reply.header("etag", tag);
  if (!matches(request.headers["if-none-match"], tag)) return payload;
  // Of HEAD's the framework itself takes the body away, and needs it until then.
  if (request.method === "HEAD") {
    reply.code(304).removeHeader("content-type");
    return payload;
  }
  if (typeof payload === "object" && payload !== null && "destroy" in payload)
    (payload as { destroy(): void }).destroy();
  reply.code(304).removeHeader("content-type").removeHeader("content-length");
  return null;
};

/** The REST surface, ready to `listen`. `close` ends waits and streams at once and lets other requests finish. */
export const createRestServer = async (deps: Deps, options: RestOptions = {}): Promise<FastifyInstance> => {
  const uploads = new WeakSet<Socket>();
  const closing = new AbortController();
  const gate = options.gate ?? createLoadGate(deps.log);
  const observers: Observers = { onFinished: options.onFinished ?? (() => {}), tracing: options.tracing ?? noTracing };
  const app = createApp(options, uploads, observers);
  for (const handler of app.server.listeners("request")) {
    app.server.off("request", handler as RequestListener).on("request", shedLoad(gate, handler as RequestListener));
  }
  app.decorateRequest("caller", null);
  app.decorateRequest("resource", null);
  app.decorateRequest("span");
  app.decorateRequest("holdBytes", () => {});
  // Validation is the use cases' work and the answers are theirs: the schemas of the routes only make the document.
  app.setValidatorCompiler(() => (value) => ({ value }));
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setErrorHandler(sendProblem);
  const connections = trackConnections(app.server, options.tls !== undefined);
  app.addHook("preClose", async () => {
    closing.abort();
    if (options.gate === undefined) gate.close();
    await connections.close(closeLimitMs);
  });
  addHooks(app, { connections, closing: closing.signal, observers });
  const admit = options.admit ?? admitEveryone;
  const listed = new Set(options.corsOrigins);
  addSecurityHeaders(app, options.tls !== undefined);
  allowOrigins(app, listed);
  if (admit === admitEveryone) refuseForeignPages(app, listed);
  const door: Door = { admit, gate, closing: closing.signal, uploads };
  const known: KnownRoute[] = [];
  app.addHook("onRoute", ({ method, url, config }) => {
    for (const one of [method].flat()) known.push({ method: one, url, operation: config?.operation });
  });
  app.setNotFoundHandler((request, reply) => answerUnknown(known, admit, request, reply));
  await registerOpenApi(app, restRoutes, readVersion());
  await registerRoutes(app, { deps, door, write: createWriter() });
  await registerService(app, deps);
  if (options.metrics !== undefined) registerMetrics(app, admit, options.metrics);
  for (const plugin of options.plugins ?? []) await app.register((scope) => plugin(scope, door));
  return app;
};
