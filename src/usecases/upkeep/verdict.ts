import type { NoticeType } from "../../domain/jobs/event-types.ts";
import type { JobEvent } from "../../domain/jobs/job.ts";
import type { Log } from "../../domain/log.ts";

/** What one attempt to tell of an end means: how the owner is told, and after which pause the next one is due; null: there is none. */
export interface Verdict {
  event: Omit<JobEvent, "id" | "at"> & { type: NoticeType };
  laterMs: number | null;
}

export const logVerdict = (log: Log, whose: object, { event }: Verdict): void => {
  const fields = { ...whose, ...event.data };
  if (event.level === "info") log.info(fields, event.message);
  else log.warn(fields, event.message);
};
