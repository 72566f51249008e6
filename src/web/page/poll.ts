import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { DescentError } from "../../client/errors.ts";
import { keySaved, toFailure } from "./api.ts";

export interface Poll<T> {
  /** The newest answer; kept while the service is away, so that the page never goes blank. */
  value: T | null;
  /** Why the last try failed, or null. It is tried again on its own. */
  failure: DescentError | null;
  refresh: () => void;
}

/** Whether a failure goes away by itself: out of reach, too many requests, or the service's own. */
export const isPassing = ({ status }: Pick<DescentError, "status">): boolean =>
  status === 0 || status === 429 || status >= 500;

export const retryMs = (failures: number): number => Math.min(10_000, 500 * 2 ** failures);

/**
 * Loads now and again after `intervalMs(value)` (null: never again), slower after failures, and not at all while the tab is
 * hidden. A new `key` starts over. Answers that arrive after a newer request are dropped.
 */
export const usePoll = <T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  intervalMs: (value: T) => number | null,
): Poll<T> => {
  const [state, setState] = useState<{ key: string; value: T | null; failure: DescentError | null }>({
    key,
    value: null,
    failure: null,
  });
  const latest = useRef({ load, intervalMs });
  latest.current = { load, intervalMs };
  const wake = useRef<() => void>(() => {});

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let controller = new AbortController();
    let failures = 0;
    const schedule = (ms: number | null): void => {
      if (ms !== null && !document.hidden) timer = setTimeout(run, ms);
    };
    const run = async (): Promise<void> => {
      clearTimeout(timer);
      controller.abort();
      controller = new AbortController();
      const { signal } = controller;
      try {
        const value = await latest.current.load(signal);
        if (signal.aborted) return;
        failures = 0;
        setState({ key, value, failure: null });
        schedule(latest.current.intervalMs(value));
      } catch (error) {
        if (signal.aborted) return;
        const failure = toFailure(error);
        setState((before) => ({ key, value: before.key === key ? before.value : null, failure }));
        const lasting = failure.status === 401 || failure.status === 403 || failure.status === 404;
        schedule(lasting ? null : retryMs(failures++));
      }
    };
    const onVisible = (): void => {
      if (!document.hidden) void run();
    };
    wake.current = () => void run();
    document.addEventListener("visibilitychange", onVisible);
    addEventListener(keySaved, onVisible);
    void run();
    return () => {
      clearTimeout(timer);
      controller.abort();
      document.removeEventListener("visibilitychange", onVisible);
      removeEventListener(keySaved, onVisible);
    };
  }, [key]);

  const refresh = useCallback(() => wake.current(), []);
  return { value: state.key === key ? state.value : null, failure: state.key === key ? state.failure : null, refresh };
};
