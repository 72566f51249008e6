import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  setLogger,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import { limits } from "../domain/limits.ts";
import { noTracing, type Tracing } from "../domain/observing/tracing.ts";
import { type Admit, admitEveryone } from "../usecases/admission/caller.ts";
import type { OnFinished } from "../usecases/admission/finished-request.ts";
import { createLoadGate, type LoadGate } from "../usecases/admission/load-gate.ts";
import type { Deps } from "../usecases/deps.ts";
import { readiness } from "../usecases/upkeep/readiness.ts";
import type { Wiring } from "./call.ts";
import { withOwnCoding } from "./coding.ts";
import { AccessServiceService } from "./generated/descent/v1/access.ts";
import { AliasesServiceService } from "./generated/descent/v1/aliases.ts";
import { DatasetsServiceService } from "./generated/descent/v1/datasets.ts";
import { JobsServiceService } from "./generated/descent/v1/jobs.ts";
import { ModelsServiceService } from "./generated/descent/v1/models.ts";
import { PredictionsServiceService } from "./generated/descent/v1/predictions.ts";
import { StudiesServiceService } from "./generated/descent/v1/studies.ts";
import { unreadPrediction } from "./prediction-messages.ts";
import { createReflection } from "./reflection.ts";
import { createAccessService } from "./services/access-service.ts";
import { createAliasesService } from "./services/aliases-service.ts";
import { createDatasetsService } from "./services/datasets-service.ts";
import { createJobsService } from "./services/jobs-service.ts";
import { createModelsService } from "./services/models-service.ts";
import { createPredictionsService } from "./services/predictions-service.ts";
import { createStudiesService } from "./services/studies-service.ts";

export interface GrpcOptions {
  /** Who may come in; without it everyone is the default tenant. */
  admit?: Admit;
  /** What this process takes on at once; one of its own if left out. */
  gate?: LoadGate;
  /** Certificate and key in PEM; with `clientCa`, clients must present a certificate that it signed (mTLS). */
  tls?: { key: Buffer; cert: Buffer; clientCa?: Buffer };
  /** Told of every call when it is over; health and reflection are none. */
  onFinished?: OnFinished;
  /** Without it nothing is traced. */
  tracing?: Tracing;
  services?: readonly OtherService[];
  /** Between two looks at the service's readiness, for the health service. */
  readinessMs?: number;
}

/** A service of another room, with its readers of messages, added to this server. */
export type OtherService = (wiring: Wiring) => {
  definition: ServiceDefinition<UntypedServiceImplementation>;
  implementation: UntypedServiceImplementation;
  readers: Readonly<Record<string, (bytes: Buffer) => unknown>>;
};

export interface GrpcServer {
  /** Resolves to the port; 0 takes a free one. */
  listen(address: { host: string; port: number }): Promise<number>;
  /** Ends waits and streams at once, lets other calls finish, and cuts them after `limitMs`. */
  close(limitMs?: number): Promise<void>;
}

const minuteMs = 60_000;

const settings = {
  "grpc.max_concurrent_streams": 100,
  "grpc.max_receive_message_length": limits.grpcMessageBytes,
  "grpc.keepalive_time_ms": minuteMs,
  "grpc.keepalive_timeout_ms": 20_000,
  "grpc.max_connection_idle_ms": 5 * minuteMs,
  // Clients reconnect now and then, so that load finds its way to new servers; running calls get the grace.
  "grpc.max_connection_age_ms": 30 * minuteMs,
  "grpc.max_connection_age_grace_ms": 5 * minuteMs,
};

export const services = {
  datasets: DatasetsServiceService,
  jobs: JobsServiceService,
  models: ModelsServiceService,
  studies: StudiesServiceService,
  aliases: AliasesServiceService,
  predictions: PredictionsServiceService,
  access: AccessServiceService,
};

const createCredentials = (tls: GrpcOptions["tls"]): ServerCredentials =>
  tls === undefined
    ? ServerCredentials.createInsecure()
    : ServerCredentials.createSsl(
        tls.clientCa ?? null,
        [{ private_key: tls.key, cert_chain: tls.cert }],
        tls.clientCa !== undefined,
      );

/** The path of a method is `/descent.v1.JobsService/SubmitJob`. */
const nameOfService = (service: ServiceDefinition): string => Object.values(service)[0]!.path.split("/")[1]!;

/** The server as a whole, and each service by name: they are ready together. */
const healthNames = ["", ...Object.values(services).map(nameOfService)];

/** grpc.health.v1, as readiness sees it. */
const watchHealth = (server: Server, deps: Deps, everyMs: number): (() => void) => {
  const health = new HealthImplementation(Object.fromEntries(healthNames.map((name) => [name, "UNKNOWN" as const])));
  health.addToServer(server);
  const tell = (status: "SERVING" | "NOT_SERVING") => {
    for (const name of healthNames) health.setStatus(name, status);
  };
  let busy = false;
  const look = async () => {
    if (busy) return;
    busy = true;
    const answer = await readiness(deps);
    tell(answer.status === "not_ready" ? "NOT_SERVING" : "SERVING");
    busy = false;
  };
  void look();
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    tell("NOT_SERVING");
  };
};

const bind = (server: Server, target: string, credentials: ServerCredentials): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync(target, credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });

const shutdown = (server: Server, limitMs: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), limitMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });

/** The library writes to standard error what every caller of its functions is told as well, such as a port in use. */
const logAsDetail = ({ log }: Deps): void => {
  const tell = (...words: unknown[]): void => log.info({ library: "grpc-js" }, words.map(String).join(" "));
  setLogger({ error: tell, info: tell, debug: tell });
};

/** The gRPC surface: the same operations as REST, health and reflection. */
export const createGrpcServer = (deps: Deps, options: GrpcOptions = {}): GrpcServer => {
  logAsDetail(deps);
  const closing = new AbortController();
  const gate = options.gate ?? createLoadGate(deps.log);
  const wiring: Wiring = {
    deps,
    admit: options.admit ?? admitEveryone,
    gate,
    closing: closing.signal,
    onFinished: options.onFinished ?? (() => {}),
    tracing: options.tracing ?? noTracing,
  };
  const server = new Server(settings);
  server.addService(
    withOwnCoding(DatasetsServiceService, { uploadDataset: DatasetsServiceService.uploadDataset.requestDeserialize }),
    createDatasetsService(wiring),
  );
  server.addService(withOwnCoding(JobsServiceService), createJobsService(wiring));
  server.addService(
    withOwnCoding(ModelsServiceService, {
      predict: unreadPrediction,
      importModel: ModelsServiceService.importModel.requestDeserialize,
    }),
    createModelsService(wiring),
  );
  server.addService(withOwnCoding(StudiesServiceService), createStudiesService(wiring));
  server.addService(withOwnCoding(AliasesServiceService), createAliasesService(wiring));
  server.addService(withOwnCoding(PredictionsServiceService), createPredictionsService(wiring));
  server.addService(withOwnCoding(AccessServiceService), createAccessService(wiring));
  for (const create of options.services ?? []) {
    const { definition, implementation, readers } = create(wiring);
    server.addService(withOwnCoding(definition, readers), implementation);
  }
  createReflection().addToServer(server);
  const stopHealth = watchHealth(server, deps, options.readinessMs ?? 2000);
  return {
    listen: ({ host, port }) =>
      bind(server, `${host.includes(":") ? `[${host}]` : host}:${port}`, createCredentials(options.tls)),
    close: async (limitMs = 5000) => {
      stopHealth();
      closing.abort();
      if (options.gate === undefined) gate.close();
      await shutdown(server, limitMs);
    },
  };
};
