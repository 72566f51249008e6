import { hostname } from "node:os";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { createExporter } from "../../workers/exporting/exporter.ts";
import { createImporter } from "../../workers/importing/importer.ts";
import { createInference } from "../../workers/inference/inference.ts";
import { createParquetReader } from "../../workers/parquet/read-parquet-apart.ts";
import { createPlanner } from "../../workers/planning/planner.ts";
import { type Config, StartError } from "../config.ts";
import { createId } from "../domain/ids.ts";
import type { Tracing } from "../domain/observing/tracing.ts";
import { registerDescriptors } from "../grpc/reflection.ts";
import { createGrpcServer, type GrpcServer } from "../grpc/server.ts";
import { inferenceService } from "../inference-protocol/grpc.ts";
import { registerInferenceProtocol } from "../inference-protocol/rest.ts";
import { createOpenAiSurface } from "../openai/openai-surface.ts";
import type { QueueBoard } from "../queue/queue-board.ts";
import { type QueueLoad, registerAutoscaling, registerVersion } from "../rest/routes/autoscaling-route.ts";
import { createRestServer } from "../rest/server.ts";
import { admitKeys, keyInForce } from "../usecases/access/admit-keys.ts";
import { admitTokens } from "../usecases/access/event-tokens.ts";
import { noteAccess } from "../usecases/access/note-access.ts";
import { type Admit, admitEveryone } from "../usecases/admission/caller.ts";
import type { OnFinished } from "../usecases/admission/finished-request.ts";
import { createLoadGate, type LoadGate } from "../usecases/admission/load-gate.ts";
import { limitRate } from "../usecases/admission/rate-limit.ts";
import { defaultRates } from "../usecases/admission/rates.ts";
import type { Deps, EngineAccess } from "../usecases/deps.ts";
import { createKnownPlans } from "../usecases/jobs/planning/known-plans.ts";
import { readVersion } from "../usecases/service-version.ts";
import { watchConsumption } from "../usecases/upkeep/consumption.ts";
import { startStudies } from "../usecases/upkeep/look-after-studies.ts";
import { startReconciler } from "../usecases/upkeep/reconcile.ts";
import { tellLostRecords } from "../usecases/upkeep/recordless.ts";
import { startRetention } from "../usecases/upkeep/retention.ts";
import { registerQueuePage } from "../web/queue-page.ts";
import { registerWeb } from "../web/web.ts";
import { acceptFaster, connectionBacklog } from "./accept-faster.ts";
import { type Backends, connectBackends } from "./backends.ts";
import { admitByFile } from "./keys/api-key-file.ts";
import { startTracking } from "./mlflow.ts";
import { type ApiMetrics, createApiMetrics } from "./observing/api-metrics.ts";
import { logRequests } from "./observing/request-log.ts";
import { watchLoad } from "./observing/watch-load.ts";
import { prepareOrphanedRedis } from "./private-redis/orphaned-redis.ts";
import { chooseStartKernels } from "./processes/kernels.ts";
import { tellParent, untilToldToStop } from "./processes/parent.ts";
import { portInUse } from "./processes/ports.ts";
import { openQueues } from "./queues.ts";
import { startTelemetry } from "./telemetry/telemetry.ts";
import { readTls, type TlsFiles } from "./tls.ts";
import { createWebhooks } from "./webhooks.ts";

const exportThread = new URL("../../workers/exporting/export-thread.js", import.meta.url);
const parquetProcess = new URL("../../workers/parquet/parquet-process.js", import.meta.url);
const importThread = new URL("../../workers/importing/import-thread.js", import.meta.url);
const inferenceThread = new URL("../../workers/inference/inference-thread.js", import.meta.url);
const planningThread = new URL("../../workers/planning/planning-thread.js", import.meta.url);

/** The one line for a port that cannot be had. */
const listening = async <T>(variable: "PORT" | "GRPC_PORT", config: Config, listen: () => Promise<T>): Promise<T> => {
  try {
    return await listen();
  } catch (error) {
    const port = variable === "PORT" ? config.port : config.grpcPort;
    const text = String(error);
    const inUse = /EADDRINUSE|address already in use|No address added/.test(text);
    const reason = inUse ? portInUse : text;
    throw new StartError(`${variable}=${port}: ${reason}`, { cause: error });
  }
};

const listenRest = (app: FastifyInstance, config: Config): Promise<number> =>
  listening("PORT", config, async () => {
    await app.listen({ host: config.host, port: config.port, backlog: connectionBacklog });
    const address = app.server.address();
    return typeof address === "object" && address !== null ? address.port : config.port;
  });

const listenGrpc = (server: GrpcServer, config: Config): Promise<number> =>
  listening("GRPC_PORT", config, () => server.listen({ host: config.host, port: config.grpcPort }));

/** Keys and rates, or everyone on the loopback interface. */
const createAdmission = async (
  { apiKeysFile, rates }: Config,
  { access, rateLimiter, tokenSecret }: Backends,
  log: Logger,
): Promise<{ admit: Admit; close: () => void }> => {
  if (apiKeysFile === null) return { admit: admitEveryone, close: () => {} };
  const file = await admitByFile(apiKeysFile, log);
  const deps = { access, tokenSecret, file, now: () => new Date() };
  const admit = admitTokens(admitKeys(deps), { ...deps, isInForce: keyInForce(deps) });
  return { admit: limitRate(admit, rateLimiter, { ...defaultRates, ...rates }), close: file.close };
};

const nowMs = (): number => performance.now();

/** Trainers give three signs in a lease; one that missed them all is gone, and a job may then take a moment to be taken up. */
const graceLeases = 1.5;

interface Surroundings {
  admit: Admit;
  gate: LoadGate;
  tls: TlsFiles | null;
  metrics: ApiMetrics;
  queueLoad: (pool: string | null) => Promise<QueueLoad>;
  board: QueueBoard;
  corsOrigins: readonly string[];
  tracing: Tracing;
  log: Logger;
}

/** REST and gRPC, seen by the same meters and the same log. */
const createSurfaces = async (
  deps: Deps,
  { admit, gate, tls, metrics, queueLoad, board, corsOrigins, tracing, log }: Surroundings,
): Promise<{ rest: FastifyInstance; grpc: GrpcServer }> => {
  const version = readVersion();
  const logged = logRequests(log);
  const note = noteAccess(deps);
  const onFinished: OnFinished = (request) => {
    metrics.onFinished(request);
    logged(request);
    note(request);
  };
  const both = { admit, gate, onFinished, tracing };
  const secure = tls === null ? {} : { tls: { cert: tls.cert, key: tls.key } };
  const mutual = tls === null || tls.clientCa === null ? secure : { tls: { ...tls, clientCa: tls.clientCa } };
  return {
    rest: await createRestServer(deps, {
      ...both,
      ...secure,
      logger: log,
      corsOrigins,
      metrics: metrics.text,
      plugins: [
        async (app) => {
          registerAutoscaling(app, admit, queueLoad);
          registerVersion(app, version);
        },
        registerDescriptors,
        registerWeb,
        (app) => registerQueuePage(app, admit, board),
        createOpenAiSurface(deps),
        (app) => registerInferenceProtocol(app, { deps, admit, gate }),
      ],
    }),
    grpc: createGrpcServer(deps, { ...both, ...mutual, services: [inferenceService] }),
  };
};

/** What is computed for requests, in threads beside the event loop. */
const createEngine = async (config: Config, log: Logger): Promise<{ access: EngineAccess; close(): Promise<void> }> => {
  const { artifactUrl, predictCacheBytes: cacheBytes, predictBatchRows: batchRows } = config;
  const { native, line } = await chooseStartKernels(config.kernels);
  log.info(line);
  const inference = createInference(inferenceThread, { artifactUrl, cacheBytes, batchRows, native }, log);
  const importer = createImporter(importThread, { artifactUrl }, log);
  const exporter = createExporter(exportThread, { artifactUrl }, log);
  const planner = createPlanner(planningThread, { native }, log);
  return {
    access: {
      ...inference,
      plan: planner.plan,
      planPrediction: planner.planPrediction,
      importNetwork: importer.importNetwork,
      exportOnnx: exporter.exportOnnx,
    },
    async close() {
      for (const thread of [inference, importer, exporter, planner]) await thread.close();
    },
  };
};

/** `--role=api`: REST, gRPC and the status page over one layer of use cases. Stops by letting requests finish. */
export const runApi = async (config: Config, log: Logger): Promise<void> => {
  if (config.redisUrl === null)
    throw new StartError("REDIS_URL: --role=api needs a Redis; without --role a private one is started");
  const { redisUrl } = config;
  const told = untilToldToStop();
  const tls = await readTls(config, log);
  const metrics = createApiMetrics();
  const own = { role: "api", name: `${hostname()}:${process.pid}`, registry: metrics.registry } as const;
  const telemetry = await startTelemetry(config.telemetry, own, log);
  const backends = await connectBackends({ ...config, redisUrl }, log, metrics);
  const stopOrphanedRedis = await prepareOrphanedRedis(redisUrl, config.drainMs, log);
  const { admit, close: closeAdmit } = await createAdmission(config, backends, log);
  const { queue, board, closeQueues } = openQueues(redisUrl, backends.jobs, metrics, log);
  const heard = backends.signs.listen(config.leaseMs, nowMs);
  const gate = createLoadGate(log);
  const watched = watchLoad({ queue, heard, gate, metrics, backends, log });
  const consumption = watchConsumption({
    queue,
    pools: backends.jobs.pools,
    heard,
    nowMs,
    patienceMs: graceLeases * config.leaseMs,
  });
  const engine = await createEngine(config, log);
  const webhooks = await createWebhooks({ ...config, redisUrl }, backends.outbox, log);
  const deps: Deps = {
    ...backends,
    queue,
    engine: engine.access,
    knownPlans: createKnownPlans(),
    readParquet: createParquetReader(parquetProcess),
    consumption,
    log,
    quotas: config.quotas,
    webhooks: webhooks.access,
    now: () => new Date(),
    createId: (prefix) => createId(prefix, Date.now()),
  };
  await tellLostRecords(deps);
  const { rest, grpc } = await createSurfaces(deps, {
    ...{ admit, gate, tls, metrics, board },
    queueLoad: watched.queueLoad,
    corsOrigins: config.corsOrigins,
    tracing: telemetry.tracing,
    log,
  });
  const ports = { rest: await listenRest(rest, config), grpc: await listenGrpc(grpc, config) };
  await acceptFaster(rest.server, log);
  const stopReconciler = startReconciler(config.telemetry === null ? deps : { ...deps, tracing: telemetry.tracing });
  const stopStudies = startStudies(deps);
  const stopRetention = startRetention(deps, config.retentionMs);
  webhooks.start();
  const stopTracking = startTracking(config, backends.runs, deps);
  log.info(ports, "api ready");
  await tellParent({ type: "ready", listening: ports });
  const reason = await told;
  log.info({ reason }, "api is stopping");
  stopReconciler();
  watched.stop();
  await stopStudies();
  stopRetention();
  consumption.stop();
  closeAdmit();
  gate.close();
  await Promise.all([rest.close(), grpc.close(), webhooks.close(), stopTracking()]);
  await engine.close();
  await telemetry.close();
  await closeQueues();
  await backends.close();
  await stopOrphanedRedis(reason);
  log.info("api stopped");
};
