import type { Logger } from "pino";
import { queueNameOf } from "../domain/jobs/pool.ts";
import { createBullTrainingQueue } from "../queue/bull-training-queue.ts";
import { createQueueBoard, type QueueBoard } from "../queue/queue-board.ts";
import { WEBHOOK_QUEUE_NAME } from "../queue/queue-names.ts";
import type { TrainingQueue } from "../queue/training-queue.ts";
import { createProducerConnection } from "../store/redis/redis-connection.ts";
import { watchCalls } from "../store/watch-calls.ts";
import type { Backends } from "./backends.ts";
import type { ApiMetrics } from "./observing/api-metrics.ts";

/** The queue of training, and the page that shows every queue, on one connection. */
export const openQueues = (
  redisUrl: string,
  jobs: Backends["jobs"],
  metrics: ApiMetrics,
  log: Logger,
): { queue: TrainingQueue; board: QueueBoard; closeQueues(): Promise<void> } => {
  const onError = (error: Error): void => {
    metrics.redisConnectionError();
    log.warn({ err: error }, "the queue's connection is in trouble");
  };
  const connection = createProducerConnection(redisUrl, onError);
  const queue = watchCalls(createBullTrainingQueue({ connection, onError }), metrics.onRedisCall("queue"));
  const queueNames = async () => [...(await jobs.pools()).map(queueNameOf), WEBHOOK_QUEUE_NAME];
  const board = createQueueBoard({ queueNames, connection, onError });
  return {
    queue,
    board,
    async closeQueues() {
      await Promise.all([queue.close(), board.close()]);
      connection.disconnect();
    },
  };
};
