import { Counter, Gauge, Histogram } from "prom-client";
import type { OnCall } from "../../store/watch-calls.ts";
import { readVersion } from "../../usecases/service-version.ts";
import type { MetricsRegistry } from "./registry.ts";

/** What the API and the trainers measure of Redis and of the artifact store. */
export interface BackendMeters {
  /** An error of a connection to Redis. */
  redisConnectionError(): void;
  /** Calls of what stands on Redis, by its name. */
  onRedisCall(part: string): OnCall;
  onStoreCall: OnCall;
}

/** Errors that are answers: the store worked. */
const answers = new Set(["not_found", "too_large", "invalid", "malformed", "timed_out"]);

const storeBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Always 1: the labels say what runs. */
const showBuild = (registry: MetricsRegistry): void => {
  const gauge = new Gauge({
    name: "descent_build_info",
    help: "Always 1; the labels say which version runs, and on which Node",
    labelNames: ["version", "node"] as const,
    registers: [registry],
  });
  gauge.set({ version: readVersion(), node: process.version }, 1);
};

export const createBackendMeters = (registry: MetricsRegistry): BackendMeters => {
  showBuild(registry);
  const redisErrors = new Counter({
    name: "descent_redis_errors_total",
    help: "Errors of connections to Redis, and operations that failed because it could not be used",
    labelNames: ["part"] as const,
    registers: [registry],
  });
  const storeErrors = new Counter({
    name: "descent_store_errors_total",
    help: "Operations of the artifact store that failed because it could not be used",
    labelNames: ["operation"] as const,
    registers: [registry],
  });
  const storeSeconds = new Histogram({
    name: "descent_store_operation_duration_seconds",
    help: "Operations of the artifact store; a write includes the arrival of what is written",
    labelNames: ["operation"] as const,
    buckets: storeBuckets,
    registers: [registry],
  });
  redisErrors.inc({ part: "connection" }, 0);
  for (const operation of ["read", "readBytes", "write", "probe"]) storeErrors.inc({ operation }, 0);
  return {
    redisConnectionError: () => redisErrors.inc({ part: "connection" }),
    onRedisCall: (part) => {
      redisErrors.inc({ part }, 0);
      return (_method, _seconds, error) => {
        if (error === "unavailable") redisErrors.inc({ part });
      };
    },
    onStoreCall: (operation, seconds, error) => {
      storeSeconds.observe({ operation }, seconds);
      if (error !== null && !answers.has(error)) storeErrors.inc({ operation });
    },
  };
};
