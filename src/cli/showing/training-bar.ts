import cliProgress from "cli-progress";
import type { Job, JobEvent } from "../../client/types.ts";

/** Draws a job's progress and its loss; on terminals as a bar that moves, elsewhere as a line now and then. */
export const createTrainingBar = (indent = "  ") => {
  const bar = new cliProgress.SingleBar({
    format: `${indent}training |{bar}| {percentage} %  loss {loss}`,
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 500,
  });
  let isStarted = false;
  /** Nothing is drawn of a job that may not exist. */
  const start = (): void => {
    if (!isStarted) bar.start(100, 0, { loss: "–" });
    isStarted = true;
  };
  const draw = (progress: number, loss: number | undefined): void => {
    start();
    bar.update(Math.round(progress * 100), { loss: loss?.toFixed(4) ?? "–" });
  };
  return {
    show: (event: JobEvent): void => {
      start();
      if (event.type === "progress") draw(event.data.progress, event.data.trainLoss);
    },
    end: (job: Job): void => draw(job.progress, job.metrics.trainLoss),
    stop: () => {
      if (isStarted) bar.stop();
    },
  };
};
