import { z } from "zod";
import { blank, url, whole } from "./environment-fields.ts";

/** OpenTelemetry's own variables, as far as this service decides by them; its SDK reads the others. */

export interface TelemetryConfig {
  traces: boolean;
  metrics: boolean;
  metricsEveryMs: number;
}

const collector = url(["http", "https"], "http://collector:4318");
const exporter = z.preprocess(
  blank,
  z.enum(["otlp", "none"], "must be otlp or none: this service sends by OTLP over HTTP").optional(),
);
const protocol = z.preprocess(
  blank,
  z.literal("http/protobuf", "must be http/protobuf, the form in which this service sends").optional(),
);
const samplers = [
  ...["always_on", "always_off", "traceidratio"],
  ...["parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"],
] as const;

export const telemetryFields = {
  OTEL_SDK_DISABLED: z.preprocess(
    (value) => (typeof value === "string" ? blank(value.toLowerCase()) : value),
    z.enum(["true", "false"], "must be true or false").optional(),
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: collector,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector,
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: collector,
  OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol,
  OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: protocol,
  OTEL_TRACES_EXPORTER: exporter,
  OTEL_METRICS_EXPORTER: exporter,
  OTEL_METRIC_EXPORT_INTERVAL: whole(1, 86_400_000, 60_000),
  OTEL_TRACES_SAMPLER: z.preprocess(blank, z.enum(samplers, `must be one of ${samplers.join(", ")}`).optional()),
  OTEL_TRACES_SAMPLER_ARG: z.preprocess(
    (value) => (typeof value === "string" && value.trim() !== "" ? Number(value) : undefined),
    z.number("must be a share from 0 to 1").min(0, "must be at least 0").max(1, "must be at most 1").optional(),
  ),
};

const environment = z.object(telemetryFields);

/** Off unless a collector is named. */
export const toTelemetryConfig = (e: z.infer<typeof environment>): TelemetryConfig | null => {
  if (e.OTEL_SDK_DISABLED === "true") return null;
  const all = e.OTEL_EXPORTER_OTLP_ENDPOINT;
  const traces = (e.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? all) !== undefined && e.OTEL_TRACES_EXPORTER !== "none";
  const metrics = (e.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT ?? all) !== undefined && e.OTEL_METRICS_EXPORTER !== "none";
  return traces || metrics ? { traces, metrics, metricsEveryMs: e.OTEL_METRIC_EXPORT_INTERVAL } : null;
};
