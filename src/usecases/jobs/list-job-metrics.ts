import { z } from "zod";
import type { MetricPoint } from "../../domain/jobs/job.ts";
import { limits } from "../../domain/limits.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import { readPage } from "../admission/read-page.ts";
import { parseJobId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";

const Range = z.object({
  after: z.int().min(0).optional(),
  limit: z.int().min(1).max(limits.metricPointsPerJob).default(1000),
});

/** In growing order of `step`, those after the step `after`. `nextAfter` continues the listing; null when there is no more yet. */
export const listJobMetrics = async (
  deps: Deps,
  caller: Caller,
  request: { id: string; after?: number | undefined; limit?: number | undefined },
): Promise<{ items: MetricPoint[]; nextAfter: number | null }> => {
  const id = parseJobId(request.id);
  const { after, limit } = parse(Range, { after: request.after, limit: request.limit }, { base: "/query" });
  await deps.jobs.state(caller.tenant, id);
  const { items, more } = await readPage<MetricPoint>(limit, (last, count) =>
    deps.jobs.metrics(caller.tenant, id, { afterStep: last?.step ?? after ?? -1, limit: count }),
  );
  return { items, nextAfter: more ? (items.at(-1)?.step ?? null) : null };
};
