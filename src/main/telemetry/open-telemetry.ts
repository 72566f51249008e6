import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { detectResources, envDetector, type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { Logger } from "pino";
import { noTracing, type Tracing } from "../../domain/observing/tracing.ts";
import type { TelemetryConfig } from "../../telemetry-fields.ts";
import { readVersion } from "../../usecases/service-version.ts";
import type { MetricsRegistry } from "../observing/registry.ts";
import { tellTrouble, watchExporter } from "./collector-trouble.ts";
import { createIds, createOtelTracing } from "./otel-tracing.ts";
import { producerOf } from "./prometheus-producer.ts";
import type { Telemetry, TelemetryOptions } from "./telemetry-options.ts";

type Told = (what: string, end: { code: number; error?: Error }) => void;

/** What the environment says comes last: it is the operator's. */
const resourceOf = ({ role, name }: TelemetryOptions): Resource =>
  resourceFromAttributes({
    "service.name": "descent",
    "service.version": readVersion(),
    "service.instance.id": name,
    "descent.role": role,
  }).merge(detectResources({ detectors: [envDetector] }));

const traced = (resource: Resource, told: Told) => {
  const ids = createIds();
  const exporter = watchExporter(new OTLPTraceExporter(), (end) => told("spans", end));
  // Sampler, limits and the times of batches are the SDK's to read from the environment.
  const provider = new BasicTracerProvider({
    resource,
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  return { tracing: createOtelTracing(provider.getTracer("descent"), ids), shutdown: () => provider.shutdown() };
};

const measured = (resource: Resource, told: Told, registry: MetricsRegistry, everyMs: number) => {
  const reader = new PeriodicExportingMetricReader({
    exporter: watchExporter(new OTLPMetricExporter(), (end) => told("metrics", end)),
    exportIntervalMillis: everyMs,
    exportTimeoutMillis: Math.min(everyMs, 30_000),
    metricProducers: [producerOf(registry)],
  });
  return new MeterProvider({ resource, readers: [reader] });
};

/** What a stop may take for the last spans and numbers: a collector that is away does not hold it up. */
const lastMs = 2000;

/** OpenTelemetry's SDK, sending by OTLP over HTTP; loaded only where the environment names a collector. */
export const startOpenTelemetry = (config: TelemetryConfig, options: TelemetryOptions, log: Logger): Telemetry => {
  const resource = resourceOf(options);
  const told = tellTrouble(log);
  const spans: { tracing: Tracing; shutdown: () => Promise<void> } = config.traces
    ? traced(resource, told)
    : { tracing: noTracing, shutdown: async () => {} };
  const meters = config.metrics ? measured(resource, told, options.registry, config.metricsEveryMs) : null;
  return {
    tracing: spans.tracing,
    async close() {
      const late = new Promise<void>((resolve) => setTimeout(resolve, lastMs).unref());
      const last = Promise.allSettled([spans.shutdown(), meters?.shutdown()]);
      await Promise.race([last, late]);
    },
  };
};
