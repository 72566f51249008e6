import { hostname } from "node:os";
import type { Logger } from "pino";
import { startTrainer } from "../../workers/trainer/trainer.ts";
import { type Config, StartError } from "../config.ts";
import type { TrainerHeartbeat } from "../domain/jobs/trainer-heartbeat.ts";
import { showKernels } from "../engine/kernels/engine-kernels.ts";
import { createBullTrainingConsumer } from "../queue/bull-training-consumer.ts";
import { createLastingConnection } from "../store/redis/redis-connection.ts";
import type { TrainerHeartbeats } from "../store/redis/trainer-heartbeats.ts";
import { connectBackends } from "./backends.ts";
import { serveMetrics } from "./observing/metrics-server.ts";
import { createTrainerMetrics } from "./observing/trainer-metrics.ts";
import { prepareOrphanedRedis } from "./private-redis/orphaned-redis.ts";
import { chooseStartKernels } from "./processes/kernels.ts";
import { tellParent, untilToldToStop } from "./processes/parent.ts";
import { startTelemetry } from "./telemetry/telemetry.ts";

const signsPerLease = 3.3;

/** Tells the API, as long as it runs, that it lives and what it does. An outage is told by what needs Redis more. */
const giveSigns = (
  signs: TrainerHeartbeats,
  { everyMs, log, read }: { everyMs: number; log: Logger; read: () => Promise<TrainerHeartbeat> },
): { stop: () => void } => {
  const give = async (): Promise<void> => {
    try {
      await signs.send(await read());
    } catch (error) {
      log.debug({ err: error }, "a heartbeat could not be given");
    }
  };
  void give();
  const timer = setInterval(() => void give(), everyMs);
  return { stop: () => clearInterval(timer) };
};

/** `--role=trainer`: one trainer process. Stops by checkpointing its jobs and handing them back. */
export const runTrainer = async (config: Config, log: Logger): Promise<void> => {
  if (config.redisUrl === null)
    throw new StartError(
      "REDIS_URL: --role=trainer needs the Redis that the API uses; without --role a private one is started",
    );
  const { redisUrl } = config;
  const told = untilToldToStop();
  const name = `${hostname()}:${process.pid}`;
  const metrics = createTrainerMetrics(name);
  const telemetry = await startTelemetry(config.telemetry, { role: "trainer", name, registry: metrics.registry }, log);
  const { native, line } = await chooseStartKernels(config.kernels);
  metrics.kernels(showKernels(native));
  const backends = await connectBackends({ ...config, redisUrl }, log, metrics);
  const stopOrphanedRedis = await prepareOrphanedRedis(redisUrl, config.drainMs, log);
  const onError = (error: Error): void => {
    metrics.redisConnectionError();
    log.warn({ err: error }, "the queue's connection is in trouble");
  };
  const connection = createLastingConnection(redisUrl, onError);
  const trainer = await startTrainer({
    native,
    kernels: showKernels(native),
    jobs: backends.jobs,
    catalogue: backends.catalogue,
    artifacts: backends.artifacts,
    meter: metrics.meter,
    tracing: telemetry.tracing,
    log,
    now: () => new Date(),
    name,
    artifactUrl: config.artifactUrl,
    artifactCache: config.artifactCache,
    scratchFolder: config.scratchFolder,
    checkpointMs: config.checkpointMs,
    heartbeatMs: config.heartbeatMs,
    drainMs: config.drainMs,
    leaseMs: config.leaseMs,
    poolName: config.trainerPool,
    threads: config.trainerThreads,
    memoryBytes: config.trainerMemoryBytes,
    consume: (run) =>
      createBullTrainingConsumer({
        connection,
        run,
        pool: config.trainerPool,
        // The ledger decides which of them compute; each needs a thread at least.
        concurrency: config.trainerThreads,
        lockMs: config.leaseMs,
        nowMs: () => performance.now(),
        onError,
      }),
  });
  metrics.watch(trainer.load);
  const endpoint = config.trainerMetrics;
  const closeMetrics = endpoint === null ? () => {} : await serveMetrics(endpoint, metrics.text);
  const signs = giveSigns(backends.signs, {
    everyMs: config.leaseMs / signsPerLease,
    log,
    read: async () => ({ name, ...trainer.load(), metrics: endpoint === null ? await metrics.text() : null }),
  });
  log.info(line);
  log.info(
    { name, pool: config.trainerPool, threads: config.trainerThreads, memoryBytes: config.trainerMemoryBytes },
    "trainer ready",
  );
  await tellParent({ type: "ready", listening: null });
  const reason = await told;
  log.info({ reason }, "trainer is stopping");
  await trainer.close(config.drainMs);
  signs.stop();
  closeMetrics();
  connection.disconnect();
  await telemetry.close();
  await backends.close();
  await stopOrphanedRedis(reason);
  log.info("trainer stopped");
};
