import { ServiceError } from "../../domain/errors.ts";
import type { Deps } from "../deps.ts";
import { advanceStudy } from "../studies/course/advance-study.ts";

const INTERVAL_MS = 2000;

/** Takes every open study as far as it can go now. One that fails does not hold up the others. */
export const lookAfterStudies = async (deps: Deps): Promise<void> => {
  for (const { tenant, id } of await deps.studies.open()) {
    try {
      await advanceStudy(deps, tenant, id);
    } catch (error) {
      if (error instanceof ServiceError && error.code === "not_found") continue;
      if (error instanceof ServiceError && error.code === "unavailable") throw error;
      deps.log.error({ tenant, study: id, err: error }, "a study could not be advanced; trying again");
    }
  }
};

/** Looks now, whenever a trial ends or a study is changed, and every few seconds, until stopped. An outage is logged once and ends by itself. */
export const startStudies = (deps: Deps): (() => Promise<void>) => {
  let stopped = false;
  let healthy = true;
  let woken = false;
  let wake = (): void => {};
  const unsubscribe = deps.studies.onNews(() => {
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
      woken = false;
      try {
        await lookAfterStudies(deps);
        healthy = true;
      } catch (error) {
        if (healthy) deps.log.warn({ err: error }, "studies could not be looked after; trying again");
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
