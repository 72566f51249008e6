import type { JobEvent } from "../../domain/jobs/job.ts";
import { requireOpened } from "../access/event-tokens.ts";
import type { Caller } from "../admission/caller.ts";
import { parseStudyId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { parseEventId } from "../jobs/event-id.ts";
import { followEvents } from "../jobs/follow-events.ts";

/** As watchJob. */
export const watchStudy = async (
  deps: Deps,
  caller: Caller,
  request: { id: string; afterEventId?: string | undefined; signal: AbortSignal },
): Promise<AsyncGenerator<JobEvent, void, void>> => {
  const id = parseStudyId(request.id);
  requireOpened(caller, id);
  const after = parseEventId(request.afterEventId);
  await deps.studies.get(caller.tenant, id);
  const isDone = async (): Promise<boolean> => (await deps.studies.get(caller.tenant, id)).study.done;
  return followEvents(deps, caller.tenant, { id, after, signal: request.signal, isDone, source: deps.studies });
};
