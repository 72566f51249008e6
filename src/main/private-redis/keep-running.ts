import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "../../domain/log.ts";
import { endProcess } from "./end-process.ts";
import { identify } from "./process-identity.ts";
import type { RedisChild, RedisExit } from "./redis-child.ts";

const LONGEST_PAUSE_MS = 5000;
const STEADY_MS = 3000;
const STOP_MS = 10_000;

export interface Running {
  /** Of the server that runs now; null while it is being restarted. */
  pid(): number | null;
  stop(): Promise<void>;
}

/** Restarts the server whenever it ends by itself, after 100 ms, 200 ms … 5 s; a steady run makes the pauses short again. */
export const keepRunning = (
  spawn: () => Promise<RedisChild>,
  first: RedisChild,
  options: { log: Log; onExit?: (exit: RedisExit) => void },
): Running => {
  const { log, onExit } = options;
  const stopping = new AbortController();
  let current: RedisChild | null = first;
  let restarting: Promise<void> = Promise.resolve();
  let failures = 0;

  const restart = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      failures += 1;
      const pauseMs = Math.min(50 * 2 ** failures, LONGEST_PAUSE_MS);
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined); // aborted: seen just below
      if (stopping.signal.aborted) return;
      try {
        watch(await spawn());
        return;
      } catch (error) {
        log.error({ error: String(error) }, "Redis could not be restarted; trying again");
      }
    }
  };
  const watch = (child: RedisChild): void => {
    current = child;
    const startedMs = performance.now();
    void child.exited.then((exit) => {
      current = null;
      if (stopping.signal.aborted) return;
      if (performance.now() - startedMs > STEADY_MS) failures = 0;
      log.error({ ...exit }, "Redis ended unexpectedly; restarting it");
      onExit?.(exit);
      restarting = restart();
    });
  };
  watch(first);

  return {
    pid: () => current?.pid ?? null,
    stop: async () => {
      stopping.abort();
      await restarting;
      if (current === null) return;
      const { pid, exited } = current;
      const identity = await identify(pid);
      if (identity !== null) await endProcess(identity, STOP_MS);
      await exited;
    },
  };
};
