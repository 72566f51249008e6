import type { MetricPoint } from "../domain/jobs/job.ts";

/** The curve of the fit that came last: under a cross-validation each fold counts its epochs from 1 again. */
export const pointsOfLastFit = (points: readonly MetricPoint[]): MetricPoint[] => {
  const last = points.at(-1);
  return points.filter(({ repeat, fold }) => repeat === last?.repeat && fold === last?.fold);
};
