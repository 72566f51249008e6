/** How fast a job computes, from its curve. Nothing here touches the document. */

import type { MetricPoint } from "../../../domain/jobs/job.ts";

type Place = Pick<MetricPoint, "step" | "seconds">;

/** Steps a second between two points, at the second of them. The time before the first is not its own: data are read, other folds trained. */
export const speeds = (points: readonly Place[]): [seconds: number, steps: number][] =>
  points.flatMap((point, i): [number, number][] => {
    const before = points[i - 1];
    if (before === undefined) return [];
    const seconds = point.seconds - before.seconds;
    return seconds > 0 && point.step > before.step ? [[point.seconds, (point.step - before.step) / seconds]] : [];
  });

/** From the first point to the last; null where that is no time. */
export const overallSpeed = (points: readonly Place[]): number | null => {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || last.seconds <= first.seconds) return null;
  return (last.step - first.step) / (last.seconds - first.seconds);
};
