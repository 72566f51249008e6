import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { type Config, StartError } from "../../config.ts";
import { parseRedisAddress } from "../../store/redis/connection/redis-address.ts";
import { keepWebhookSecret } from "../keys/webhook-secret.ts";
import { startPrivateRedis } from "../private-redis/private-redis.ts";
import { keepRunning, type Part } from "./child.ts";
import { prepareDataFolder } from "./data-folder.ts";
import { greeting } from "./greeting.ts";
import { privateRedisVariable, untilToldToStop } from "./parent.ts";
import { checkPorts } from "./ports.ts";

/** After a trainer's own limit: it has had its time to checkpoint and is stuck. */
const graceMs = 2000;
const apiStopMs = 8000;

const startRedis = async (
  config: Config,
  log: Logger,
): Promise<{ url: string; privately: boolean; stop: () => Promise<void> }> => {
  try {
    if (config.redisUrl !== null) {
      parseRedisAddress(config.redisUrl); // what cannot be a Redis ends the start before any process is made
      return { url: config.redisUrl, privately: false, stop: async () => {} };
    }
    const redis = await startPrivateRedis({ folder: `${config.dataDir}/redis`, log, mayInstall: true });
    return { url: redis.url, privately: true, stop: () => redis.stop() };
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error), { cause: error });
  }
};

/** Each trainer has a port of its own, the first the one that was asked for. */
const metricsPort = ({ trainerMetrics }: Config, index: number): NodeJS.ProcessEnv =>
  trainerMetrics === null ? {} : { TRAINER_METRICS_PORT: String(trainerMetrics.port + index) };

/**
 * `npm start`: everything in one terminal. This process only watches; the API and the trainers are processes of their own,
 * started again when they die, and the private Redis outlives neither. Stops in order: who uses Redis first, Redis last.
 */
export const runAllInOne = async (script: string, config: Config, log: Logger): Promise<void> => {
  const told = untilToldToStop();
  await checkPorts(config);
  const folder = await prepareDataFolder(config.dataDir);
  await keepWebhookSecret({ ...config, dataDir: folder });
  const redis = await startRedis({ ...config, dataDir: folder }, log);
  const parts: Part[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(parts.map((part) => part.stop(part.name === "api" ? apiStopMs : config.drainMs + graceMs)));
    await redis.stop();
  };
  try {
    const env = {
      ...process.env,
      DATA_DIR: folder,
      REDIS_URL: redis.url,
      ARTIFACT_URL: config.artifactUrl,
      [privateRedisVariable]: redis.privately ? "1" : "",
    };
    const start = (name: string, role: string, own: NodeJS.ProcessEnv = {}): Part => {
      const part = keepRunning(script, { name, args: [`--role=${role}`], env: { ...env, ...own }, log });
      parts.push(part);
      return part;
    };
    const api = start("api", "api");
    const trainers = Array.from({ length: config.workers }, (_, index) =>
      start(`trainer ${index + 1}`, "trainer", metricsPort(config, index)),
    );
    const started = Promise.all([api.ready, ...trainers.map((trainer) => trainer.ready)]);
    const ready = await Promise.race([started, told.then(() => null)]);
    if (ready !== null) {
      const listening = ready[0].listening ?? { rest: config.port, grpc: config.grpcPort };
      process.stdout.write(await greeting({ ...config, dataDir: folder }, listening, redis.privately));
      const reason = await told;
      process.stdout.write(`Stopping (${reason}): trainers write a checkpoint and hand their jobs back.\n`);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  await stop();
  process.stdout.write("Stopped. The next start goes on with the same data.\n");
};

/** This program's own file, as fork() wants it. */
export const scriptOf = (moduleUrl: string): string => fileURLToPath(moduleUrl);
