import type { Logger } from "pino";
import type { TrainingQueue } from "../../queue/training-queue.ts";
import type { QueueLoad } from "../../rest/routes/autoscaling-route.ts";
import type { HeardHeartbeat } from "../../store/redis/trainer-heartbeats.ts";
import type { LoadGate } from "../../usecases/admission/load-gate.ts";
import type { Backends } from "../backends.ts";
import type { ApiMetrics } from "./api-metrics.ts";
import { startMemoryWarning } from "./redis-memory-watch.ts";

interface Watched {
  queue: TrainingQueue;
  heard: () => readonly HeardHeartbeat[];
  gate: LoadGate;
  metrics: ApiMetrics;
  backends: Pick<Backends, "jobs" | "redisMemory">;
  log: Logger;
}

/** The numbers of queue, trainers and Redis: for `/metrics`, for autoscalers, and a line before Redis is full. */
export const watchLoad = ({ queue, heard, gate, metrics, backends: { jobs, redisMemory }, log }: Watched) => {
  metrics.watch({ queue, heard, jobs, redisMemory, refused: () => gate.counts().refused });
  const loadOf = async (pool: string): Promise<QueueLoad> => {
    const [waiting, { active }] = await Promise.all([jobs.waitingWork(pool), queue.depth(pool)]);
    const trainers = heard().filter((trainer) => trainer.pool === pool);
    return {
      waitingSeconds: waiting.seconds,
      waitingJobs: waiting.jobs,
      activeJobs: active,
      usedThreads: trainers.reduce((sum, { usedThreads }) => sum + usedThreads, 0),
      trainers: trainers.length,
    };
  };
  return {
    queueLoad: async (pool: string | null): Promise<QueueLoad> => {
      const pools = (await jobs.pools()).filter((each) => pool === null || each === pool);
      const loads = await Promise.all(pools.map(loadOf));
      const total = (key: keyof QueueLoad): number => loads.reduce((sum, load) => sum + load[key], 0);
      return {
        waitingSeconds: total("waitingSeconds"),
        waitingJobs: total("waitingJobs"),
        activeJobs: total("activeJobs"),
        usedThreads: total("usedThreads"),
        trainers: total("trainers"),
      };
    },
    stop: startMemoryWarning(redisMemory, log),
  };
};
