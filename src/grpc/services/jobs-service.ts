import { getJobEventFile } from "../../usecases/event-files/get-job-event-file.ts";
import { submitJobs } from "../../usecases/jobs/batches/submit-jobs.ts";
import { cancelJob } from "../../usecases/jobs/cancel-job.ts";
import { deleteJob } from "../../usecases/jobs/delete-job.ts";
import { getJob } from "../../usecases/jobs/get-job.ts";
import { listJobEvents } from "../../usecases/jobs/list-job-events.ts";
import { listJobMetrics } from "../../usecases/jobs/list-job-metrics.ts";
import { listJobs } from "../../usecases/jobs/list-jobs.ts";
import { pauseJob } from "../../usecases/jobs/pause-job.ts";
import { planJob } from "../../usecases/jobs/planning/plan-job.ts";
import { validateJob } from "../../usecases/jobs/planning/validate-job.ts";
import { resumeJob } from "../../usecases/jobs/resume-job.ts";
import { getJobRows } from "../../usecases/jobs/rows/get-job-rows.ts";
import { submitJob } from "../../usecases/jobs/submit-job.ts";
import { watchJob } from "../../usecases/jobs/watch-job.ts";
import { getOverview } from "../../usecases/upkeep/get-overview.ts";
import { serverStream, unary, type Wiring } from "../call.ts";
import { toChunks } from "../downloading.ts";
import type * as wire from "../generated/descent/v1/jobs.ts";
import { encodeEvents, encodeJobs, encodePoints, fromState, toEvents, toJob, toOutcome } from "../job-messages.ts";
import { fromJobSpec, toJobSpec } from "../job-spec.ts";

export const createJobsService = (wiring: Wiring): wire.JobsServiceServer => {
  const { deps } = wiring;
  return {
    submitJob: unary(wiring, "submitJob", async (caller, { spec, idempotencyKey }) => {
      const { job } = await submitJob(deps, caller, { spec: fromJobSpec(spec), idempotencyKey });
      return toJob(job);
    }),
    submitJobs: unary(wiring, "submitJobs", async (caller, { specs, idempotencyKey }, signal) => {
      const batch = { jobs: specs.map(fromJobSpec) };
      const outcomes = await submitJobs(deps, caller, { batch, idempotencyKey, signal });
      return { outcomes: outcomes.map((outcome, index) => toOutcome(outcome, index, caller.origin?.requestId)) };
    }),
    planJob: unary(wiring, "planJob", async (caller, request) => {
      const { plan, spec } = await planJob(deps, caller, fromJobSpec(request.spec));
      return { plan, spec: toJobSpec(spec) };
    }),
    validateJob: unary(wiring, "validateJob", async (caller, request) => {
      const { plan, spec } = await validateJob(deps, caller, { spec: fromJobSpec(request.spec) });
      return { plan, spec: toJobSpec(spec) };
    }),
    getJob: unary(wiring, "getJob", async (caller, { id, waitSeconds }, signal) =>
      toJob(await getJob(deps, caller, { id, waitSeconds, signal })),
    ),
    listJobs: unary(wiring, "listJobs", async (caller, { state, ...page }) => {
      const { items, nextPageToken } = await listJobs(deps, caller, { ...page, state: fromState(state) });
      return encodeJobs({ items, nextPageToken });
    }),
    watchJob: serverStream(wiring, "watchJob", async (caller, { id, after }, signal) =>
      toEvents(await watchJob(deps, caller, { id, afterEventId: after, signal })),
    ),
    listJobEvents: unary(wiring, "listJobEvents", async (caller, request) => {
      const { items, nextAfter } = await listJobEvents(deps, caller, request);
      return encodeEvents(items, nextAfter);
    }),
    listJobMetrics: unary(wiring, "listJobMetrics", async (caller, request) => {
      const { items, nextAfter } = await listJobMetrics(deps, caller, request);
      return encodePoints(items, nextAfter);
    }),
    getOverview: unary(wiring, "getOverview", (caller) => getOverview(deps, caller)),
    cancelJob: unary(wiring, "cancelJob", async (caller, { id }) => toJob(await cancelJob(deps, caller, { id }))),
    pauseJob: unary(wiring, "pauseJob", async (caller, { id }) => toJob(await pauseJob(deps, caller, { id }))),
    resumeJob: unary(wiring, "resumeJob", async (caller, { id }) => toJob(await resumeJob(deps, caller, { id }))),
    getJobRows: serverStream(wiring, "getJobRows", async (caller, { id }) =>
      toChunks((await getJobRows(deps, caller, { id })).body),
    ),
    getJobEventFile: serverStream(wiring, "getJobEventFile", async (caller, { id }) =>
      toChunks((await getJobEventFile(deps, caller, { id })).body),
    ),
    deleteJob: unary(wiring, "deleteJob", async (caller, { id }) => {
      await deleteJob(deps, caller, { id });
      return {};
    }),
  };
};
