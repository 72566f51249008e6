import { collectDefaultMetrics, type OpenMetricsContentType, Registry } from "prom-client";
import { parseTraceparent, traceIdOf } from "../../domain/trace.ts";

/** In OpenMetrics, the format that has exemplars; see `mergeMetrics` for the other. */
export type MetricsRegistry = Registry<OpenMetricsContentType>;

export const createRegistry = (labels: Record<string, string>): MetricsRegistry => {
  const registry: MetricsRegistry = new Registry();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  registry.setDefaultLabels(labels);
  collectDefaultMetrics({ register: registry as unknown as Registry });
  // Sums of the series of the same name without `_total`, which the format keeps for counters.
  for (const kind of ["handles", "requests", "resources"]) registry.removeSingleMetric(`nodejs_active_${kind}_total`);
  return registry;
};

/** What exemplars are labelled with; the library counts it among a metric's labels, where it never stands. */
export type ExemplarLabel = "trace_id";

/** Of a measured value: a trace in which it can be seen, if that one is recorded anywhere. */
export const exemplarOf = (traceparent: string | null): { exemplarLabels?: Record<ExemplarLabel, string> } => {
  const recorded = traceparent !== null && (Number.parseInt(traceparent.slice(53, 55), 16) & 1) === 1;
  const traceId = recorded ? traceIdOf(parseTraceparent(traceparent)) : null;
  return traceId === null ? {} : { exemplarLabels: { trace_id: traceId } };
};
