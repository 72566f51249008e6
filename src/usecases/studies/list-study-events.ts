import type { JobEvent } from "../../domain/jobs/job.ts";
import type { Caller } from "../admission/caller.ts";
import { parseStudyId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { listEvents } from "../jobs/list-job-events.ts";

/** As listJobEvents. */
export const listStudyEvents = (
  deps: Deps,
  { tenant }: Caller,
  request: { id: string; after?: string | undefined; limit?: number | undefined },
): Promise<{ items: JobEvent[]; nextAfter: string | null }> =>
  listEvents(deps, tenant, request, {
    ...{ source: deps.studies, parseId: parseStudyId },
    mustExist: (id) => deps.studies.get(tenant, id),
  });
