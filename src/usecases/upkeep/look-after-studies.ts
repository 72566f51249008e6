import { ServiceError } from "../../domain/errors.ts";
import type { StudyName } from "../../store/study-store.ts";
import type { Deps } from "../deps.ts";
import { advanceStudy } from "../studies/course/advance-study.ts";
import { createTrialMemory, type TrialMemory } from "../studies/course/trial-memory.ts";
import { INTERVAL_MS, keepLooking } from "./keep-looking.ts";

/** Takes each of these studies as far as it can go now. One that fails does not hold up the others. */
const advanceEach = async (deps: Deps, studies: Iterable<StudyName>, memory: TrialMemory): Promise<void> => {
  for (const { tenant, id } of studies) {
    try {
      await advanceStudy(deps, tenant, id, memory);
    } catch (error) {
      if (error instanceof ServiceError && error.code === "not_found") continue;
      if (error instanceof ServiceError && error.code === "unavailable") throw error;
      deps.log.error({ tenant, study: id, err: error }, "a study could not be advanced; trying again");
    }
  }
};

/** Takes every open study as far as it can go now. */
export const lookAfterStudies = async (deps: Deps, memory = createTrialMemory()): Promise<void> =>
  advanceEach(deps, await deps.studies.open(), memory);

/**
 * Looks now, then at each study of which there is news, and every few seconds at all, as news may be lost; until stopped. An outage is
 * logged once and ends by itself.
 */
export const startStudies = (deps: Deps): (() => Promise<void>) => {
  const named = new Map<string, StudyName>();
  const memory = createTrialMemory();
  /** When all were last looked at without a failure. */
  let sawAllMs = Number.NEGATIVE_INFINITY;
  return keepLooking({
    look: async (woken) => {
      const news = [...named.values()];
      named.clear();
      const nowMs = performance.now();
      const all = !woken || nowMs - sawAllMs >= INTERVAL_MS;
      const sawMs = all ? nowMs : sawAllMs;
      // What an outage cuts short is made up for by a look at all.
      sawAllMs = Number.NEGATIVE_INFINITY;
      await (all ? lookAfterStudies(deps, memory) : advanceEach(deps, news, memory));
      sawAllMs = sawMs;
    },
    subscribe: (wake) =>
      deps.studies.onNews((study) => {
        named.set(`${study.tenant}/${study.id}`, study);
        wake();
      }),
    failed: (error) => deps.log.warn({ err: error }, "studies could not be looked after; trying again"),
  });
};
