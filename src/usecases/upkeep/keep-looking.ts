export const INTERVAL_MS = 2000;

export interface Watch {
  /** Does what there is to do. `woken`: there was news since the last look, else the interval is over. */
  look(woken: boolean): Promise<void>;
  /** Calls `wake` when there may be something to do; some calls may be lost. Returns the unsubscriber. */
  subscribe(wake: () => void): () => void;
  /** Told of the first failure of each outage. */
  failed(error: unknown): void;
}

/** Looks now, at all news and every few seconds, until the returned function is called, which waits for the look under way. */
export const keepLooking = ({ look, subscribe, failed }: Watch): (() => Promise<void>) => {
  let stopped = false;
  let healthy = true;
  let woken = false;
  let wake = (): void => {};
  const unsubscribe = subscribe(() => {
    woken = true;
    wake();
  });
  const idle = async (): Promise<void> => {
    // After a failure the pause is kept: Redis that comes back is not to be met by a storm.
    if (stopped || (woken && healthy)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, INTERVAL_MS);
      wake = () => {
        if (!healthy && !stopped) return;
        clearTimeout(timer);
        resolve();
      };
    });
  };
  const run = async (): Promise<void> => {
    while (!stopped) {
      const news = woken;
      woken = false;
      try {
        await look(news);
        healthy = true;
      } catch (error) {
        if (healthy) failed(error);
        healthy = false;
      }
      await idle();
    }
  };
  const running = run();
  return async () => {
    stopped = true;
    unsubscribe();
    wake();
    await running;
  };
};
