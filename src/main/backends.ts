import type { Logger } from "pino";
import { type Config, StartError } from "../config.ts";
import { ServiceError } from "../domain/errors.ts";
import type { AccessStore } from "../store/access-store.ts";
import type { ArtifactStore } from "../store/artifacts/artifact-store.ts";
import { openArtifactStore } from "../store/artifacts/open-artifact-store.ts";
import type { Catalogue } from "../store/catalogue.ts";
import type { JobStore } from "../store/job-store.ts";
import { createRedisAccessStore } from "../store/redis/access/redis-access-store.ts";
import { createTokenSecret } from "../store/redis/access/redis-token-secret.ts";
import { createRedisJobStore } from "../store/redis/jobs/redis-job-store.ts";
import { createRedisRunOutbox } from "../store/redis/outboxes/redis-run-outbox.ts";
import { createRedisWebhookOutbox } from "../store/redis/outboxes/redis-webhook-outbox.ts";
import { createRateLimiter, type RateLimiter } from "../store/redis/rate-limiter.ts";
import { createRedisCatalogue } from "../store/redis/redis-catalogue.ts";
import { type RedisMemory, readRedisMemory } from "../store/redis/redis-memory.ts";
import { createRedisReservations } from "../store/redis/redis-reservations.ts";
import { createRedisStudyStore } from "../store/redis/studies/redis-study-store.ts";
import { createTrainerHeartbeats, type TrainerHeartbeats } from "../store/redis/trainer-heartbeats.ts";
import type { Reservations } from "../store/reservations.ts";
import type { RunOutbox } from "../store/run-outbox.ts";
import type { StudyStore } from "../store/study-store.ts";
import { watchCalls } from "../store/watch-calls.ts";
import type { WebhookOutbox } from "../store/webhook-outbox.ts";
import { connectRedis } from "./connect-redis.ts";
import type { BackendMeters } from "./observing/backend-metrics.ts";

/** What the API and the trainers share. */
export interface Backends {
  artifacts: ArtifactStore;
  jobs: JobStore;
  studies: StudyStore;
  catalogue: Catalogue;
  rateLimiter: RateLimiter;
  reservations: Reservations;
  outbox: WebhookOutbox;
  runs: RunOutbox;
  access: AccessStore;
  tokenSecret: () => Promise<Uint8Array>;
  signs: TrainerHeartbeats;
  redisMemory: () => Promise<RedisMemory>;
  close(): Promise<void>;
}

const asStartError = (error: unknown): never => {
  if (error instanceof StartError) throw error;
  throw new StartError(error instanceof Error ? error.message : String(error), { cause: error });
};

const openArtifacts = async (url: string): Promise<ArtifactStore> => {
  try {
    const artifacts = await openArtifactStore(url, { env: process.env });
    await artifacts.probe();
    return artifacts;
  } catch (error) {
    if (!(error instanceof ServiceError)) return asStartError(error);
    throw new StartError(`ARTIFACT_URL=${url}: ${error.message}`, { cause: error });
  }
};

/** Connects to Redis and the artifact store, and tells the meters of what goes wrong there. StartError when one of them cannot be used. */
export const connectBackends = async (
  config: Config & { redisUrl: string },
  log: Logger,
  meters?: BackendMeters,
): Promise<Backends> => {
  const artifacts = await openArtifacts(config.artifactUrl);
  const { redis, subscriber, confirmed, close } = await connectRedis(config.redisUrl, log, {
    onError: () => meters?.redisConnectionError(),
  });
  const onRedis = <T extends object>(part: string, target: T): T =>
    meters === undefined ? target : watchCalls(target, meters.onRedisCall(part));
  const { leaseMs, poisonCrashes, quotas } = config;
  const access = createRedisAccessStore({ redis, confirmed });
  const jobs = createRedisJobStore({
    ...{ redis, subscriber, confirmed, leaseMs },
    runningJobsOf: async (tenant) => {
      const { runningJobs = quotas.runningJobs } = (await access.tenant(tenant))?.quotas ?? {};
      return runningJobs;
    },
    crashesOfSuspect: poisonCrashes,
    tracked: config.mlflow !== null,
  });
  return {
    artifacts: meters === undefined ? artifacts : watchCalls(artifacts, meters.onStoreCall),
    jobs: onRedis("jobs", jobs),
    studies: onRedis("studies", createRedisStudyStore({ redis, subscriber, confirmed }, log)),
    catalogue: onRedis("catalogue", createRedisCatalogue({ redis, confirmed }, log)),
    rateLimiter: onRedis("rate_limiter", createRateLimiter(redis)),
    reservations: onRedis("reservations", createRedisReservations(redis)),
    access: onRedis("access", access),
    tokenSecret: createTokenSecret(redis),
    signs: createTrainerHeartbeats(redis, subscriber),
    runs: onRedis("runs", createRedisRunOutbox({ redis, subscriber, confirmed })),
    outbox: onRedis("webhooks", createRedisWebhookOutbox({ redis, subscriber, confirmed })),
    redisMemory: () => readRedisMemory(redis),
    close,
  };
};
