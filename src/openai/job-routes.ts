import { limits } from "../domain/limits.ts";
import { referred } from "../usecases/admission/referred.ts";
import { getDataset } from "../usecases/datasets/get-dataset.ts";
import type { Deps } from "../usecases/deps.ts";
import { cancelJob } from "../usecases/jobs/cancel-job.ts";
import { getJob } from "../usecases/jobs/get-job.ts";
import { listJobs } from "../usecases/jobs/list-jobs.ts";
import { pauseJob } from "../usecases/jobs/pause-job.ts";
import { resumeJob } from "../usecases/jobs/resume-job.ts";
import { submitJob } from "../usecases/jobs/submit-job.ts";
import { parseCreateJob, toJobSpec } from "./create-job.ts";
import { fineTuningCheckpoints, fineTuningEvents, partOf } from "./job-log.ts";
import { type OpenAiRoute, parseList } from "./route.ts";
import { toFineTuningJob, toList } from "./wire.ts";

const url = "/fine_tuning/jobs";

const steering = (deps: Deps): OpenAiRoute[] =>
  (
    [
      ["cancel", "cancelJob", cancelJob],
      ["pause", "pauseJob", pauseJob],
      ["resume", "resumeJob", resumeJob],
    ] as const
  ).map(([action, operation, act]) => ({
    ...{ method: "POST" as const, url: `${url}/:id/${action}`, operation },
    handle: async ({ caller, id }) => toFineTuningJob(await act(deps, caller, { id }), caller.tenant),
  }));

/** Fine-tuning jobs are jobs. */
export const jobRoutes = (deps: Deps): OpenAiRoute[] => [
  {
    ...{ method: "POST", url, operation: "submitJob" },
    handle: async ({ caller, body, request }) => {
      const asked = parseCreateJob(body);
      const file = await referred("/dataset", getDataset(deps, caller, { id: asked.training_file }));
      const spec = toJobSpec(asked, file);
      const idempotencyKey = request.headers["idempotency-key"]?.toString();
      const { job } = await submitJob(deps, caller, { spec, idempotencyKey });
      return toFineTuningJob(job, caller.tenant);
    },
  },
  {
    ...{ method: "GET", url, operation: "listJobs" },
    handle: async ({ caller, query }) => {
      const { limit, after } = parseList(query);
      const page = await listJobs(deps, caller, { pageSize: Math.min(limit, limits.pageSize), after });
      const jobs = page.items.map((job) => toFineTuningJob(job, caller.tenant));
      return toList(jobs, page.nextPageToken !== null);
    },
  },
  {
    ...{ method: "GET", url: `${url}/:id`, operation: "getJob" },
    handle: async ({ caller, id }) => toFineTuningJob(await getJob(deps, caller, { id }), caller.tenant),
  },
  {
    ...{ method: "GET", url: `${url}/:id/events`, operation: "listJobEvents" },
    handle: async ({ caller, id, query }) => {
      const { data, more } = partOf(await fineTuningEvents(deps, caller, id), parseList(query));
      return toList(data, more);
    },
  },
  {
    ...{ method: "GET", url: `${url}/:id/checkpoints`, operation: "listJobMetrics" },
    handle: async ({ caller, id, query }) => {
      const job = await getJob(deps, caller, { id });
      const { data, more } = partOf(await fineTuningCheckpoints(deps, caller, job), parseList(query));
      return toList(data, more);
    },
  },
  ...steering(deps),
];
