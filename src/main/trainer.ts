import { hostname } from "node:os";
import type { Logger } from "pino";
import { startTrainer } from "../../workers/trainer.ts";
import { type Config, StartError } from "../config.ts";
import { createBullTrainingConsumer } from "../queue/bull-training-consumer.ts";
import { createLastingConnection } from "../store/redis-connection.ts";
import { connectBackends } from "./backends.ts";
import { tellParent, untilToldToStop } from "./parent.ts";

/** `--role=trainer`: one trainer process. Stops by checkpointing its jobs and handing them back. */
export const runTrainer = async (config: Config, log: Logger): Promise<void> => {
  if (config.redisUrl === null)
    throw new StartError(
      "REDIS_URL: --role=trainer needs the Redis that the API uses; without --role a private one is started",
    );
  const { redisUrl } = config;
  const told = untilToldToStop();
  const backends = await connectBackends({ ...config, redisUrl }, log);
  const onError = (error: Error): void => log.warn({ err: error }, "the queue's connection is in trouble");
  const connection = createLastingConnection(redisUrl, onError);
  const name = `${hostname()}:${process.pid}`;
  const trainer = await startTrainer({
    jobs: backends.jobs,
    catalogue: backends.catalogue,
    artifacts: backends.artifacts,
    log,
    now: () => new Date(),
    name,
    artifactUrl: config.artifactUrl,
    checkpointMs: config.checkpointMs,
    heartbeatMs: config.heartbeatMs,
    leaseMs: config.leaseMs,
    threads: config.trainerThreads,
    memoryBytes: config.trainerMemoryBytes,
    consume: (run) =>
      createBullTrainingConsumer({
        connection,
        run,
        // The ledger decides which of them compute; each needs a thread at least.
        concurrency: config.trainerThreads,
        lockMs: config.leaseMs,
        nowMs: () => performance.now(),
        onError,
      }),
  });
  log.info({ name, threads: config.trainerThreads, memoryBytes: config.trainerMemoryBytes }, "trainer ready");
  await tellParent({ type: "ready", listening: null });
  const reason = await told;
  log.info({ reason }, "trainer is stopping");
  await trainer.close(config.drainMs);
  connection.disconnect();
  await backends.close();
  log.info("trainer stopped");
};
