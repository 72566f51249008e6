import type { Config } from "../config.ts";
import type { RunOutbox } from "../store/run-outbox.ts";
import { connectMlflow } from "../tracking/mlflow.ts";
import type { Deps } from "../usecases/deps.ts";
import { startRunLog } from "../usecases/tracking/log-runs.ts";

const requestMs = 30_000;
/** For a job with all its files. */
const leaseMs = 15 * 60_000;
/** Till what is under way is broken off. */
const stopMs = 2000;

/** Tells the MLflow server of jobs that have ended, until the returned function is called; of nothing without one. Any number of API processes may do so. */
export const startTracking = (config: Config, outbox: RunOutbox, deps: Deps): (() => Promise<void>) => {
  if (config.mlflow === null) return async () => {};
  const { uri, experiment, authorization } = config.mlflow;
  const stopping = new AbortController();
  const { signal } = stopping;
  const mlflow = connectMlflow({ uri, authorization, timeoutMs: requestMs, signal });
  const { retryMs } = config.webhooks;
  const stop = startRunLog({ deps, outbox, mlflow, experiment, retryMs, leaseMs, signal });
  return async () => {
    const limit = setTimeout(() => stopping.abort(), stopMs);
    await stop();
    clearTimeout(limit);
  };
};
