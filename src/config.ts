import { availableParallelism, totalmem } from "node:os";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { DEFAULT_POOL, PoolName } from "./domain/jobs/pool.ts";
import {
  blank,
  hostPattern,
  level,
  list,
  MIB,
  rateLimit,
  redisUrl,
  retrySeconds,
  seconds,
  text,
  url,
  webhookSecret,
  webOrigin,
  whole,
  wholeOrUnset,
} from "./environment-fields.ts";
import { type TelemetryConfig, telemetryFields, toTelemetryConfig } from "./telemetry-fields.ts";

/** Why the service does not start: one line that names the cause and the remedy. Shown as it is, without a stack. */
export class StartError extends Error {
  constructor(line: string, options: { cause?: unknown } = {}) {
    super(line, options);
    this.name = "StartError";
  }
}

const environment = z.object({
  PORT: whole(0, 65_535, 8080),
  GRPC_PORT: whole(0, 65_535, 50_051),
  HOST: z.preprocess(blank, z.string().default("127.0.0.1")),
  DATA_DIR: z.preprocess(blank, z.string().default("./data")),
  REDIS_URL: redisUrl,
  ARTIFACT_URL: url(["file", "s3"], "file:///var/lib/descent/artifacts"),
  ARTIFACT_CACHE_BYTES: wholeOrUnset(0, Number.MAX_SAFE_INTEGER),
  WORKERS: whole(0, 64, 1),
  API_KEYS_FILE: text,
  TLS_CERT_FILE: text,
  TLS_KEY_FILE: text,
  GRPC_CLIENT_CA_FILE: text,
  LOG_LEVEL: level,
  CHECKPOINT_SECONDS: seconds(10),
  HEARTBEAT_SECONDS: seconds(30),
  DRAIN_SECONDS: seconds(20),
  LEASE_SECONDS: seconds(10),
  POISON_CRASHES: whole(1, 1000, 3),
  TRAINER_THREADS: wholeOrUnset(1, 256),
  TRAINER_POOL: z.preprocess(blank, PoolName.default(DEFAULT_POOL)),
  TRAINER_MEMORY_BYTES: wholeOrUnset(MIB, Number.MAX_SAFE_INTEGER),
  TRAINER_METRICS_PORT: whole(0, 65_535, 0),
  TRAINER_METRICS_HOST: z.preprocess(blank, z.string().default("127.0.0.1")),
  KERNELS: z.preprocess(blank, z.enum(["auto", "wasm", "native"], "must be auto, wasm or native").default("auto")),
  PREDICT_CACHE_BYTES: whole(MIB, Number.MAX_SAFE_INTEGER, 256 * MIB),
  PREDICT_BATCH_ROWS: whole(1, 1024, 64),
  QUOTA_QUEUED_JOBS: whole(0, Number.MAX_SAFE_INTEGER, 0),
  QUOTA_RUNNING_JOBS: whole(0, Number.MAX_SAFE_INTEGER, 0),
  QUOTA_STORED_BYTES: whole(0, Number.MAX_SAFE_INTEGER, 0),
  RATE_LIMITS: list(rateLimit),
  CORS_ORIGINS: list(webOrigin),
  RETENTION_DAYS: whole(0, 36_500, 0),
  WEBHOOK_SECRET: list(webhookSecret),
  WEBHOOK_PRIVATE_HOSTS: list(hostPattern),
  WEBHOOK_RETRY_SECONDS: list(retrySeconds),
  MLFLOW_TRACKING_URI: url(["http", "https"], "https://mlflow.example:5000"),
  MLFLOW_EXPERIMENT_NAME: z.preprocess(
    blank,
    z.string().max(200, "must have at most 200 characters").default("descent"),
  ),
  MLFLOW_TRACKING_USERNAME: text,
  MLFLOW_TRACKING_PASSWORD: text,
  MLFLOW_TRACKING_TOKEN: text,
  ...telemetryFields,
});

export type LogLevel = z.infer<typeof level>;

/** What this process is given: a whole machine, or a container's share of one. */
export interface Machine {
  cores: number;
  memoryBytes: number;
}

/** Everything the environment decides, with all defaults filled in. */
export interface Config {
  /** REST; 0 takes a free port. */
  port: number;
  grpcPort: number;
  host: string;
  /** Absolute. */
  dataDir: string;
  /** Null: a private redis-server is started in the data folder. */
  redisUrl: string | null;
  artifactUrl: string;
  /** Where trainers keep data sets and weights of the artifact store on their own disk; null: nowhere. */
  artifactCache: { folder: string; limitBytes: number } | null;
  /** Where trainers keep rows of jobs larger than memory while they run. */
  scratchFolder: string;
  /** Trainer processes that the all-in-one command starts. */
  workers: number;
  apiKeysFile: string | null;
  /** Absolute paths of PEM files for both surfaces; null: without TLS. With `clientCa`, gRPC clients must present a certificate. */
  tls: { cert: string; key: string; clientCa: string | null } | null;
  logLevel: LogLevel;
  /** Between two checkpoints of a running job. */
  checkpointMs: number;
  /** A thread that shows no heartbeat for so long is taken for hung. */
  heartbeatMs: number;
  /** What a trainer may take to checkpoint and hand back its jobs when it is told to stop. */
  drainMs: number;
  /** A trainer that gave no heartbeat for so long has lost its jobs. */
  leaseMs: number;
  /** After so many crashes without progress a job runs alone, and one more then fails it; a lost trainer counts half. */
  poisonCrashes: number;
  /** One trainer's share of the machine: cores and bytes of the engine's memories. */
  trainerThreads: number;
  trainerMemoryBytes: number;
  /** Whose jobs the trainers take. */
  trainerPool: string;
  /** Where a trainer serves its metrics; null: they are shown by the API. */
  trainerMetrics: { host: string; port: number } | null;
  /** What computes; both have the same bits. auto: native kernels where there are some. */
  kernels: "auto" | "wasm" | "native";
  /** Weights that the API's inference thread keeps loaded. */
  predictCacheBytes: number;
  /** Rows of several requests for a model that are computed together; 1: none. */
  predictBatchRows: number;
  /** Per tenant; null: without limit. */
  quotas: { queuedJobs: number | null; runningJobs: number | null; storedBytes: number | null };
  /** Per API key, by what is counted together; what is not named has its default. */
  rates: Readonly<Record<string, { perSecond: number; burst: number }>>;
  /** Whose pages may use the service from browsers. */
  corsOrigins: readonly string[];
  /** What is older and not needed by anything is deleted; null: everything is kept. */
  retentionMs: number | null;
  webhooks: WebhookConfig;
  /** The MLflow tracking server that is told of every job; null: none. */
  mlflow: MlflowConfig | null;
  /** Spans and numbers for a collector of OpenTelemetry; null: none. */
  telemetry: TelemetryConfig | null;
}

export interface MlflowConfig {
  uri: string;
  experiment: string;
  /** The header `Authorization`. */
  authorization: string | null;
}

export interface WebhookConfig {
  /** The server's own, of which each tenant's is made; newest first, each signs. Empty: one may be kept in the data folder. */
  secrets: string[];
  /** May have private addresses and plain http: host names, `*.domain`, or `*` for any. */
  privateHosts: string[];
  /** Pauses before the second delivery, the third … */
  retryMs: number[];
}

const minute = 60;
const hour = 60 * minute;
/** As Standard Webhooks suggests: ten deliveries in three days. */
const defaultRetrySeconds = [
  5,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];

const toWebhookConfig = (e: z.infer<typeof environment>): WebhookConfig => ({
  secrets: e.WEBHOOK_SECRET,
  privateHosts: e.WEBHOOK_PRIVATE_HOSTS,
  retryMs: (e.WEBHOOK_RETRY_SECONDS.length === 0 ? defaultRetrySeconds : e.WEBHOOK_RETRY_SECONDS).map((s) => s * 1000),
});

const toMlflowConfig = (e: z.infer<typeof environment>): MlflowConfig | null => {
  if (e.MLFLOW_TRACKING_URI === undefined) return null;
  const uri = new URL(e.MLFLOW_TRACKING_URI);
  const user = e.MLFLOW_TRACKING_USERNAME ?? decodeURIComponent(uri.username);
  const password = e.MLFLOW_TRACKING_PASSWORD ?? decodeURIComponent(uri.password);
  [uri.username, uri.password] = ["", ""];
  const token = e.MLFLOW_TRACKING_TOKEN;
  if (token !== undefined && user !== "")
    throw new StartError("MLFLOW_TRACKING_TOKEN is set, and so is a user name: the server takes one of them");
  const basic = user === "" ? null : `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const authorization = token === undefined ? basic : `Bearer ${token}`;
  return { uri: uri.href, experiment: e.MLFLOW_EXPERIMENT_NAME, authorization };
};

const loopback = new Set(["127.0.0.1", "::1", "localhost"]);

const tlsOf = ({
  TLS_CERT_FILE: cert,
  TLS_KEY_FILE: key,
  GRPC_CLIENT_CA_FILE: clientCa,
}: z.infer<typeof environment>): Config["tls"] => {
  if (cert === undefined && key === undefined) {
    if (clientCa === undefined) return null;
    throw new StartError(
      "GRPC_CLIENT_CA_FILE: asking clients for certificates needs TLS_CERT_FILE and TLS_KEY_FILE too",
    );
  }
  if (cert === undefined) throw new StartError("TLS_KEY_FILE is set and TLS_CERT_FILE is not: TLS needs both");
  if (key === undefined) throw new StartError("TLS_CERT_FILE is set and TLS_KEY_FILE is not: TLS needs both");
  return { cert: resolve(cert), key: resolve(key), clientCa: clientCa === undefined ? null : resolve(clientCa) };
};

/** 0 and unset: no limit. */
const limitOf = (value: number): number | null => (value === 0 ? null : value);

/** Three quarters for the jobs of all trainers together; the rest is the processes' own. */
const memoryShare = ({ memoryBytes }: Machine, workers: number): number =>
  Math.max(MIB, Math.floor((memoryBytes * 0.75) / Math.max(1, workers)));

const CACHE_BYTES = 4 * 1024 * MIB;

/** Files are as near as a cache would be. */
const cacheOf = (artifactUrl: string, wanted: number | undefined, dataDir: string): Config["artifactCache"] => {
  const limitBytes = wanted ?? (artifactUrl.startsWith("file:") ? 0 : CACHE_BYTES);
  return limitBytes === 0 ? null : { folder: resolve(dataDir, "artifact-cache"), limitBytes };
};

/** Reads the environment. Throws StartError with one line for the first thing that is wrong, naming the variable and the remedy. */
export const parseConfig = (
  env: Readonly<Record<string, string | undefined>>,
  machine: Machine = { cores: availableParallelism(), memoryBytes: totalmem() },
): Config => {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = String(issue?.path[0] ?? "environment");
    // What follows the name in a URL may be a password.
    const value = /_(SECRET|PASSWORD|TOKEN|HEADERS)$/.test(name)
      ? "…"
      : (env[name] ?? "").replace(/\/\/[^@/]*@/, "//…@");
    throw new StartError(`${name}=${value}: ${issue?.message ?? "is not valid"}`);
  }
  const e = parsed.data;
  if (!loopback.has(e.HOST) && e.API_KEYS_FILE === undefined)
    throw new StartError(
      `HOST=${e.HOST}: without API_KEYS_FILE anyone who reaches this address could use the service; set API_KEYS_FILE, or HOST=127.0.0.1`,
    );
  if (e.PORT !== 0 && e.PORT === e.GRPC_PORT)
    throw new StartError(`PORT and GRPC_PORT are both ${e.PORT}: give one of them another number`);
  const dataDir = resolve(e.DATA_DIR);
  const artifactUrl = e.ARTIFACT_URL ?? pathToFileURL(resolve(dataDir, "artifacts")).href;
  return {
    port: e.PORT,
    grpcPort: e.GRPC_PORT,
    host: e.HOST,
    dataDir,
    redisUrl: e.REDIS_URL ?? null,
    artifactUrl,
    artifactCache: cacheOf(artifactUrl, e.ARTIFACT_CACHE_BYTES, dataDir),
    scratchFolder: resolve(dataDir, "scratch"),
    workers: e.WORKERS,
    apiKeysFile: e.API_KEYS_FILE === undefined ? null : resolve(e.API_KEYS_FILE),
    tls: tlsOf(e),
    logLevel: e.LOG_LEVEL,
    checkpointMs: e.CHECKPOINT_SECONDS * 1000,
    heartbeatMs: e.HEARTBEAT_SECONDS * 1000,
    drainMs: e.DRAIN_SECONDS * 1000,
    leaseMs: e.LEASE_SECONDS * 1000,
    poisonCrashes: e.POISON_CRASHES,
    trainerThreads: e.TRAINER_THREADS ?? Math.min(machine.cores, 256),
    trainerPool: e.TRAINER_POOL,
    trainerMemoryBytes: e.TRAINER_MEMORY_BYTES ?? memoryShare(machine, e.WORKERS),
    trainerMetrics:
      e.TRAINER_METRICS_PORT === 0 ? null : { host: e.TRAINER_METRICS_HOST, port: e.TRAINER_METRICS_PORT },
    kernels: e.KERNELS,
    predictCacheBytes: e.PREDICT_CACHE_BYTES,
    predictBatchRows: e.PREDICT_BATCH_ROWS,
    quotas: {
      queuedJobs: limitOf(e.QUOTA_QUEUED_JOBS),
      runningJobs: limitOf(e.QUOTA_RUNNING_JOBS),
      storedBytes: limitOf(e.QUOTA_STORED_BYTES),
    },
    rates: Object.fromEntries(e.RATE_LIMITS),
    corsOrigins: e.CORS_ORIGINS,
    retentionMs: e.RETENTION_DAYS === 0 ? null : e.RETENTION_DAYS * 86_400_000,
    webhooks: toWebhookConfig(e),
    mlflow: toMlflowConfig(e),
    telemetry: toTelemetryConfig(e),
  };
};
