import type { MetricPoint } from "../../../domain/jobs/job.ts";

type Point = Pick<MetricPoint, "step" | "epoch">;

/** Of each epoch that has points, in order, the step of the last of them. */
const endsOf = (points: readonly Point[]): [epoch: number, step: number][] => [
  ...points.reduce((ends, { epoch, step }) => ends.set(epoch, step), new Map<number, number>()),
];

/**
 * Where each point stands, in epochs: points within one stand between its ends. Steps are counted from the job's first on, so that
 * a search for the penalty, and other folds, lie before the first; old points are thinned out, so that epochs may be missing; and
 * the last epoch may not be over yet.
 */
export const placesOf = (points: readonly Point[], plannedSteps: number): number[] => {
  const ends = endsOf(points);
  const [first, last] = [ends[0], ends.at(-1)];
  if (first === undefined || last === undefined) return [];
  const gaps = ends.slice(1, -1).map(([epoch, step], i) => (step - ends[i]![1]) / (epoch - ends[i]![0]));
  const lastGap = ends.length < 2 ? 0 : (last[1] - ends.at(-2)![1]) / (last[0] - ends.at(-2)![0]);
  // Of two epochs the second may have begun just now: what the first took, or was planned for it, tells more.
  const told = ends.length < 2 ? Math.max(1, plannedSteps) : Math.min(first[1] / first[0], plannedSteps);
  const steps = gaps.length > 0 ? Math.max(...gaps) : Math.max(lastGap, told);
  const place = new Map(ends.map(([epoch, step]) => [epoch, { epoch, step }]));
  const before = ends.at(-2);
  // Where the last epoch began: after the one before it, or, of a first one, so many steps before its end, if it has had them all.
  const began = before === undefined ? Math.max(0, last[1] - steps) : before[1] + (last[0] - 1 - before[0]) * steps;
  return points.map(({ epoch, step }) => {
    if (epoch === last[0]) return Math.min(epoch, epoch - 1 + (step - began) / steps);
    const end = place.get(epoch)!;
    return Math.max(epoch - 1, epoch - (end.step - step) / steps);
  });
};
