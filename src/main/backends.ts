import type { Logger } from "pino";
import { type Config, StartError } from "../config.ts";
import { ServiceError } from "../domain/errors.ts";
import type { ArtifactStore } from "../store/artifact-store.ts";
import type { Catalogue } from "../store/catalogue.ts";
import { checkRedis } from "../store/check-redis.ts";
import type { JobStore } from "../store/job-store.ts";
import { openArtifactStore } from "../store/open-artifact-store.ts";
import { createRateLimiter, type RateLimiter } from "../store/rate-limiter.ts";
import { createRedisCatalogue } from "../store/redis-catalogue.ts";
import { createLastingConnection, createProducerConnection, waitForRedis } from "../store/redis-connection.ts";
import { createRedisJobStore } from "../store/redis-job-store.ts";
import { createRedisWebhookOutbox } from "../store/redis-webhook-outbox.ts";
import type { WebhookOutbox } from "../store/webhook-outbox.ts";

const redisAnswersMs = 10_000;

/** What the API and the trainers share. */
export interface Backends {
  artifacts: ArtifactStore;
  jobs: JobStore;
  catalogue: Catalogue;
  rateLimiter: RateLimiter;
  outbox: WebhookOutbox;
  close(): Promise<void>;
}

const asStartError = (error: unknown): never => {
  if (error instanceof StartError) throw error;
  throw new StartError(error instanceof Error ? error.message : String(error), { cause: error });
};

const openArtifacts = async (url: string): Promise<ArtifactStore> => {
  try {
    const artifacts = await openArtifactStore(url);
    await artifacts.probe();
    return artifacts;
  } catch (error) {
    if (!(error instanceof ServiceError)) return asStartError(error);
    throw new StartError(`ARTIFACT_URL=${url}: ${error.message}`, { cause: error });
  }
};

/** Connects to Redis and the artifact store. StartError when one of them cannot be used. */
export const connectBackends = async (config: Config & { redisUrl: string }, log: Logger): Promise<Backends> => {
  const artifacts = await openArtifacts(config.artifactUrl);
  const onError = (error: Error): void => log.warn({ err: error }, "the connection to Redis is in trouble");
  const redis = createProducerConnection(config.redisUrl, onError);
  const subscriber = createLastingConnection(config.redisUrl, onError);
  const close = async (): Promise<void> => {
    redis.disconnect();
    subscriber.disconnect();
  };
  try {
    await waitForRedis(redis, redisAnswersMs);
    for (const warning of await checkRedis(redis)) log.warn(warning);
  } catch (error) {
    await close();
    return asStartError(error);
  }
  return {
    artifacts,
    jobs: createRedisJobStore({
      ...{ redis, subscriber },
      leaseMs: config.leaseMs,
      runningJobs: config.quotas.runningJobs,
    }),
    catalogue: createRedisCatalogue(redis),
    rateLimiter: createRateLimiter(redis),
    outbox: createRedisWebhookOutbox({ redis, subscriber }),
    close,
  };
};
