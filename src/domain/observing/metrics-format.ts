/** Prometheus's own text format, which everything that scrapes understands, or OpenMetrics, which has exemplars. */
export type MetricsFormat = "prometheus" | "openmetrics";

export const metricsContentTypes: Record<MetricsFormat, string> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** The better one, for a scraper that takes it. */
export const metricsFormatOf = (accept: string | undefined): MetricsFormat =>
  /application\/openmetrics-text(?!\s*;[^,]*\bq=0(\.0*)?\s*(,|;|$))/i.test(accept ?? "") ? "openmetrics" : "prometheus";
