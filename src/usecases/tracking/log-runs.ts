import { keepLooking } from "../upkeep/keep-looking.ts";
import { logRun, type TrackingDeps } from "./log-run.ts";

/** At a time, in one process: each waits for the server, mostly. */
const atOnce = 4;

/** Tells of all that is due. Safe in several processes at once. */
export const logDueRuns = async (tracking: TrackingDeps): Promise<void> => {
  const { deps, outbox, signal } = tracking;
  for (;;) {
    const runs = await outbox.due(deps.now().getTime(), atOnce);
    await Promise.all(runs.map((run) => logRun(tracking, run)));
    if (runs.length < atOnce || signal.aborted) return;
  }
};

/** Tells now, whenever something becomes due and every few seconds, until stopped. An outage of Redis is logged once and ends by itself. */
export const startRunLog = (tracking: TrackingDeps): (() => Promise<void>) =>
  keepLooking({
    look: () => logDueRuns(tracking),
    subscribe: (wake) => tracking.outbox.onDue(wake),
    failed: (error) => tracking.deps.log.warn({ err: error }, "ended jobs could not be told to MLflow; trying again"),
  });
