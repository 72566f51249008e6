import { type HrTime, ValueType } from "@opentelemetry/api";
import { emptyResource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type MetricProducer,
} from "@opentelemetry/sdk-metrics";
import type { MetricObjectWithValues, MetricValue } from "prom-client";
import type { MetricsRegistry } from "../observing/registry.ts";

type Labels = Record<string, string | number>;

/** Of a histogram: `metricName` says whether it is a bucket, the sum or the count. */
type Value = MetricValue<string> & { metricName?: string };
type Metric = MetricObjectWithValues<Value>;

const toHrTime = (ms: number): HrTime => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];

const labelsOf = ({ labels }: Value): Labels =>
  Object.fromEntries(Object.entries(labels).filter((entry): entry is [string, string | number] => entry[1] != null));

interface Times {
  startTime: HrTime;
  endTime: HrTime;
}

/** Buckets count everything up to their bound in Prometheus's words, and what is between two bounds in OpenTelemetry's. */
const toHistograms = ({ values }: Metric, times: Times): DataPoint<Histogram>[] => {
  const series = new Map<string, { attributes: Labels; upTo: [number, number][]; sum: number; count: number }>();
  for (const value of values) {
    const { le, ...attributes } = labelsOf(value);
    const key = JSON.stringify(Object.entries(attributes).sort());
    const known = series.get(key) ?? { attributes, upTo: [], sum: 0, count: 0 };
    series.set(key, known);
    if (value.metricName?.endsWith("_sum")) known.sum = value.value;
    else if (value.metricName?.endsWith("_count")) known.count = value.value;
    else if (le !== undefined && le !== "+Inf") known.upTo.push([Number(le), value.value]);
  }
  return [...series.values()].map(({ attributes, upTo, sum, count }) => {
    const counts = [...upTo.map(([, upToHere]) => upToHere), count].map((all, i) => all - (upTo[i - 1]?.[1] ?? 0));
    const buckets = { boundaries: upTo.map(([bound]) => bound), counts };
    return { ...times, attributes, value: { buckets, sum, count } };
  });
};

const toMetric = (metric: Metric, times: Times): MetricData => {
  const isCounter = String(metric.type) === "counter";
  // The registry's own form of a counter's name may lack its ending.
  const name = isCounter && !metric.name.endsWith("_total") ? `${metric.name}_total` : metric.name;
  const common = {
    descriptor: { name, description: metric.help, unit: "", valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  if (String(metric.type) === "histogram")
    return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints: toHistograms(metric, times) };
  const dataPoints = metric.values.map((value) => ({ ...times, attributes: labelsOf(value), value: value.value }));
  if (isCounter) return { ...common, dataPointType: DataPointType.SUM, dataPoints, isMonotonic: true };
  return { ...common, dataPointType: DataPointType.GAUGE, dataPoints };
};

/** What `/metrics` shows, under the same names, for a reader of OpenTelemetry's: nothing is measured twice. */
export const producerOf = (registry: MetricsRegistry, startedMs = Date.now()): MetricProducer => ({
  collect: async () => {
    const times = { startTime: toHrTime(startedMs), endTime: toHrTime(Date.now()) };
    const read = (await registry.getMetricsAsJSON()) as unknown as Metric[];
    const metrics = read.map((metric) => toMetric(metric, times)).filter(({ dataPoints }) => dataPoints.length > 0);
    return {
      resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope: { name: "descent" }, metrics }] },
      errors: [],
    };
  },
});
