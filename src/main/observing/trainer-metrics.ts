import { Counter, Gauge, Histogram } from "prom-client";
import type { TrainerMeter } from "../../../workers/trainer/trainer-deps.ts";
import type { TrainerHeartbeat } from "../../domain/jobs/trainer-heartbeat.ts";
import { type BackendMeters, createBackendMeters } from "./backend-metrics.ts";
import { createRegistry, type ExemplarLabel, exemplarOf, type MetricsRegistry } from "./registry.ts";

/** From "at once" to a night in the queue. */
const waitBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 43_200];
const checkpointBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

const createJobMeter = (registry: MetricsRegistry): Omit<TrainerMeter, "storeCall"> => {
  const registers = [registry];
  const wait = new Histogram<ExemplarLabel>({
    name: "descent_job_wait_seconds",
    help: "From the time that a job came into the queue until a trainer took it up",
    buckets: waitBuckets,
    enableExemplars: true,
    registers,
  });
  const running = new Gauge({ name: "descent_running_jobs", help: "Jobs that are computed now", registers });
  const attempts = new Counter({
    name: "descent_job_attempts_total",
    help: "Attempts at jobs by how they ended; lost: another attempt holds the job by now",
    labelNames: ["outcome"] as const,
    registers,
  });
  const steps = new Counter({
    name: "descent_training_steps_total",
    help: "Steps of training, or rounds of clustering; its rate is the steps per second",
    registers,
  });
  const checkpoint = new Histogram<ExemplarLabel>({
    name: "descent_checkpoint_duration_seconds",
    help: "Until a checkpoint was durable in the artifact store",
    buckets: checkpointBuckets,
    enableExemplars: true,
    registers,
  });
  const checkpointBytes = new Counter({
    name: "descent_checkpoint_bytes_total",
    help: "Bytes of checkpoints written",
    registers,
  });
  for (const outcome of ["succeeded", "failed", "cancelled", "paused", "handed_back", "lost"])
    attempts.inc({ outcome }, 0);
  return {
    started: (waitedSeconds, traceparent) => {
      wait.observe({ value: waitedSeconds, ...exemplarOf(traceparent) });
      running.inc();
    },
    ended: (outcome) => {
      running.dec();
      attempts.inc({ outcome });
    },
    steps: (count) => steps.inc(count),
    checkpoint: (seconds, bytes, traceparent) => {
      checkpoint.observe({ value: seconds, ...exemplarOf(traceparent) });
      checkpointBytes.inc(bytes);
    },
  };
};

type Load = Omit<TrainerHeartbeat, "name" | "metrics">;

const addCapacityGauges = (registry: MetricsRegistry, load: () => Load): void => {
  const gauge = (name: string, help: string, read: (load: Load) => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read(load()));
      },
    });
  };
  gauge("descent_trainer_threads", "Threads that the trainer may use", ({ threads }) => threads);
  gauge("descent_trainer_threads_used", "Threads of running jobs", ({ usedThreads }) => usedThreads);
  gauge("descent_trainer_memory_bytes", "Bytes that the trainer's jobs may plan", ({ memoryBytes }) => memoryBytes);
  gauge(
    "descent_trainer_memory_used_bytes",
    "Bytes that the memories of its jobs may take now",
    ({ usedMemoryBytes }) => usedMemoryBytes,
  );
};

const showKernels = (registry: MetricsRegistry, name: string): void => {
  const gauge = new Gauge({
    name: "descent_kernels_info",
    help: "Always 1; the label says which kernels compute, WebAssembly's or native ones with the same bits",
    labelNames: ["kernels"] as const,
    registers: [registry],
  });
  gauge.set({ kernels: name }, 1);
};

export interface TrainerMetrics extends BackendMeters {
  meter: TrainerMeter;
  /** Shows which kernels compute. */
  kernels(name: string): void;
  /** Begins to show what the trainer uses of its share. */
  watch(load: () => Load): void;
  /** OpenMetrics. */
  text(): Promise<string>;
  registry: MetricsRegistry;
}

/** A trainer's numbers, in a registry of their own; each bears the trainer's name, so that those of several stand side by side. */
export const createTrainerMetrics = (name: string): TrainerMetrics => {
  const registry = createRegistry({ role: "trainer", trainer: name });
  const backend = createBackendMeters(registry);
  return {
    ...backend,
    meter: { ...createJobMeter(registry), storeCall: backend.onStoreCall },
    kernels: (name) => showKernels(registry, name),
    watch: (load) => addCapacityGauges(registry, load),
    text: () => registry.metrics(),
    registry,
  };
};
