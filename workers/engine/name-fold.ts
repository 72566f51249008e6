import type { JobEvent } from "../../src/domain/jobs/job.ts";
import type { FoldName } from "./protocol.ts";

/** An event that names the fold it is of; null: it is of none. */
export const nameFold = (
  of: FoldName | null,
  message: string,
  data: JobEvent["data"],
): Pick<JobEvent, "message" | "data"> =>
  of === null
    ? { message, data }
    : { message: `${of.name}: ${message}`, data: { ...data, repeat: of.repeat, fold: of.fold } };
