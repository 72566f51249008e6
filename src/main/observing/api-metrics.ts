import { Counter, Gauge, Histogram } from "prom-client";
import { DEFAULT_POOL } from "../../domain/jobs/pool.ts";
import type { MetricsFormat } from "../../domain/observing/metrics-format.ts";
import type { TrainingQueue } from "../../queue/training-queue.ts";
import type { JobStore } from "../../store/job-store.ts";
import type { RedisMemory } from "../../store/redis/redis-memory.ts";
import type { HeardHeartbeat } from "../../store/redis/trainer-heartbeats.ts";
import type { FinishedRequest, OnFinished } from "../../usecases/admission/finished-request.ts";
import { type BackendMeters, createBackendMeters } from "./backend-metrics.ts";
import { mergeMetrics } from "./merge-metrics.ts";
import { addMemoryGauges } from "./redis-memory-watch.ts";
import { createRegistry, type ExemplarLabel, exemplarOf, type MetricsRegistry } from "./registry.ts";

/** From a look at a record to a long wait; streams and uploads last as long as they last. */
const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

const createRequestMeter = (registry: MetricsRegistry): OnFinished => {
  const http = new Histogram<"method" | "route" | "status" | ExemplarLabel>({
    name: "descent_http_request_duration_seconds",
    help: "From a request's headers to the end of its answer; route is the pattern, never the URL",
    labelNames: ["method", "route", "status"] as const,
    buckets: secondsBuckets,
    enableExemplars: true,
    registers: [registry],
  });
  const grpc = new Histogram<"method" | "code" | ExemplarLabel>({
    name: "descent_grpc_request_duration_seconds",
    help: "From the start of a call to its status",
    labelNames: ["method", "code"] as const,
    buckets: secondsBuckets,
    enableExemplars: true,
    registers: [registry],
  });
  return ({ surface, method, route, status, seconds, traceparent }: FinishedRequest): void => {
    const observed = { value: seconds, ...exemplarOf(traceparent) };
    if (surface === "grpc") grpc.observe({ labels: { method: route ?? "none", code: status }, ...observed });
    // Where there is no route there may be any method.
    else
      http.observe({
        labels: { method: route === null ? "any" : method, route: route ?? "none", status },
        ...observed,
      });
  };
};

const addQueueGauges = (
  registry: MetricsRegistry,
  { queue, jobs, heard }: Pick<ApiMetricsOptions, "queue" | "jobs" | "heard">,
): void => {
  new Gauge({
    name: "descent_queue_jobs",
    help: "Entries of the training queue: waiting for a trainer, put aside for a while (delayed), or with a trainer (active)",
    labelNames: ["state", "pool"] as const,
    registers: [registry],
    async collect() {
      // While Redis is away nothing is known: no number is better than an old one.
      this.reset();
      for (const pool of await jobs.pools().catch(() => [])) {
        const depth = await queue.depth(pool).catch(() => null);
        if (depth === null) continue;
        for (const state of ["waiting", "delayed", "active"] as const) this.set({ state, pool }, depth[state]);
      }
    },
  });
  new Gauge({
    name: "descent_trainers",
    help: "Trainers that gave a heartbeat lately",
    labelNames: ["pool"] as const,
    registers: [registry],
    collect() {
      this.reset();
      const trainers = heard();
      const pools = new Set([DEFAULT_POOL, ...trainers.map(({ pool }) => pool)]);
      for (const pool of pools) this.set({ pool }, trainers.filter((trainer) => trainer.pool === pool).length);
    },
  });
};

const addWork = (registry: MetricsRegistry, { jobs }: Pick<ApiMetricsOptions, "jobs">): void => {
  new Gauge({
    name: "descent_queue_seconds",
    help: "Work that waits: what the jobs in the queue are planned to take one trainer",
    labelNames: ["pool"] as const,
    registers: [registry],
    async collect() {
      this.reset();
      for (const pool of await jobs.pools().catch(() => [])) {
        const work = await jobs.waitingWork(pool).catch(() => null);
        if (work !== null) this.set({ pool }, work.seconds);
      }
    },
  });
};

const addRefusals = (registry: MetricsRegistry, { refused }: Pick<ApiMetricsOptions, "refused">): void => {
  new Counter({
    name: "descent_refused_requests_total",
    help: "Requests of both surfaces that were refused as overloaded; most are in no other number",
    registers: [registry],
    collect() {
      this.reset();
      this.inc(refused());
    },
  });
};

export interface ApiMetricsOptions {
  queue: Pick<TrainingQueue, "depth">;
  jobs: Pick<JobStore, "pools" | "waitingWork">;
  redisMemory: () => Promise<RedisMemory>;
  /** Requests that the load gate has refused since the start. */
  refused: () => number;
  heard: () => readonly HeardHeartbeat[];
}

export interface ApiMetrics extends BackendMeters {
  onFinished: OnFinished;
  /** Begins to show the queue and the trainers; both are made after what counts their errors. */
  watch(options: ApiMetricsOptions): void;
  /** The API's own numbers, and those of trainers without a port of their own. */
  text(format: MetricsFormat): Promise<string>;
  /** The API's own. */
  registry: MetricsRegistry;
}

/** The API's numbers, in a registry of their own. */
export const createApiMetrics = (): ApiMetrics => {
  const registry = createRegistry({ role: "api" });
  let heard: ApiMetricsOptions["heard"] = () => [];
  return {
    ...createBackendMeters(registry),
    onFinished: createRequestMeter(registry),
    watch: (options) => {
      heard = options.heard;
      addQueueGauges(registry, options);
      addWork(registry, options);
      addMemoryGauges(registry, options.redisMemory);
      addRefusals(registry, options);
    },
    text: async (format) => {
      const own = await registry.metrics();
      return mergeMetrics([own, ...heard().map(({ metrics }) => metrics ?? "")], format);
    },
    registry,
  };
};
