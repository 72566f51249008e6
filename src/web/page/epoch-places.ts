import type { MetricPoint } from "../../domain/jobs/job.ts";

/** Where each point stands, in epochs: points within one stand between its ends. A fold's epochs have fewer steps than were planned for all rows. */
export const placesOf = (points: readonly Pick<MetricPoint, "step" | "epoch">[], plannedSteps: number): number[] => {
  const seen = Math.max(...points.map(({ step, epoch }) => step / epoch));
  const steps = points.some(({ epoch }) => epoch > 1) ? seen : Math.max(seen, plannedSteps);
  return points.map(({ step }) => step / steps);
};
