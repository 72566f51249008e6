import type { LayerStatistics, MetricPoint, Metrics } from "../../src/domain/jobs/job.ts";

/** What has no finite value is left out: JSON would make it null. */
const finiteEntries = (values: Readonly<Record<string, number | undefined>>) =>
  Object.entries(values).filter((entry): entry is [string, number] => Number.isFinite(entry[1]));

export const finiteMetrics = (metrics: Metrics): Metrics => Object.fromEntries(finiteEntries(metrics));

/** A norm that has left the numbers, as gradients do before a divergence, counts as the largest there is. */
const held = (value: number): number => (Number.isFinite(value) ? value : Number.MAX_VALUE);

const finiteLayer = ({ layer, gradientRms, weightRms, ...rest }: LayerStatistics): LayerStatistics => ({
  layer,
  gradientRms: held(gradientRms),
  weightRms: held(weightRms),
  ...Object.fromEntries(finiteEntries(rest)),
});

/** A point of the history as its record can hold it. */
export const finitePoint = (point: MetricPoint): MetricPoint => ({
  ...point,
  gradientNorm: held(point.gradientNorm),
  trainLoss: held(point.trainLoss),
  metrics: finiteMetrics(point.metrics),
  layers: point.layers.map(finiteLayer),
});
