import { z } from "zod";
import { AnyEvent } from "../../domain/jobs/any-event.ts";
import { Job } from "../../domain/jobs/job.ts";
import { Overview } from "../../domain/jobs/overview.ts";
import { JobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { limits } from "../../domain/limits.ts";
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
import {
  EventPage,
  EventsQuery,
  IdParams,
  JobBatchBody,
  JobOutcomes,
  JobPage,
  JobQuery,
  JobsQuery,
  JobValidation,
  MetricsPage,
  MetricsQuery,
  NoQuery,
  SubmitQuery,
  WatchQuery,
} from "../openapi/schemas.ts";
import { entityTag, matches } from "./entity-tag.ts";
import { answerEvents, wantsPage } from "./job-events.ts";
import { toOutcomes } from "./job-outcomes.ts";
import { defineRoute, json, noContent, type RestRoute } from "./route.ts";

const tag = "jobs";

export const IdempotencyHeader = z.object({
  "idempotency-key": z
    .string()
    .optional()
    .describe("1–255 visible ASCII characters; the same key and body answer with the same job, another body is 422"),
});

const exampleSpec = {
  name: "iris",
  dataset: "ds_01J9Z8QF4M3V2K6T5R7W8X9Y0Z",
  task: { type: "classification", label: "species" },
  model: { type: "mlp", hidden: [64, 32] },
  optimizer: { type: "adam", learningRate: 0.01 },
  training: { epochs: 50, seed: 42 },
};

const steering = (
  operation: "cancelJob" | "pauseJob" | "resumeJob",
  run: typeof cancelJob,
  description: string,
): RestRoute =>
  defineRoute({
    operations: [operation],
    method: "POST",
    url: `/v1/jobs/:id/${operation.replace("Job", "")}`,
    tag,
    description,
    params: IdParams,
    query: NoQuery,
    responses: { 200: json("The job after it", Job) },
    errors: ["not_found", "forbidden_transition"],
    handle: ({ deps, caller, params }) => run(deps, caller, { id: params.id ?? "" }),
  });

export const jobRoutes: readonly RestRoute[] = [
  defineRoute({
    operations: ["getOverview"],
    method: "GET",
    url: "/v1/overview",
    tag,
    description: "How many jobs there are in each state, which wait longest, and what room trainers have.",
    query: NoQuery,
    responses: { 200: json("The overview", Overview) },
    errors: [],
    handle: ({ deps, caller }) => getOverview(deps, caller),
  }),
  defineRoute({
    operations: ["submitJob", "validateJob"],
    method: "POST",
    url: "/v1/jobs",
    tag,
    description:
      "Only `dataset` and `task` are required; the answer shows the spec with every default filled in. Unknown keys are errors. Once the answer is 202 the job is durable. With `validateOnly` nothing is stored, as with `POST /v1/jobs/plan`.",
    query: SubmitQuery,
    headers: IdempotencyHeader,
    body: { contentType: "application/json", schema: JobSpec, example: exampleSpec },
    responses: {
      202: json("The job, recorded and queued", Job, {
        Location: "its URL",
        "Retry-After": "seconds until asking again makes sense",
      }),
    },
    errors: [
      "timed_out",
      "too_large",
      "unsupported_media_type",
      "unprocessable",
      "idempotency_mismatch",
      "over_limit",
      "quota_exceeded",
    ],
    handle: async ({ deps, caller, query, body, request, reply }) => {
      if (query.validateOnly) {
        const { spec, plan } = await validateJob(deps, caller, { spec: body });
        return { ...plan, spec };
      }
      const idempotencyKey = request.headers["idempotency-key"];
      const { job } = await submitJob(deps, caller, { spec: body, idempotencyKey: idempotencyKey?.toString() });
      reply.code(202).header("location", `/v1/jobs/${job.id}`);
      if (!job.done) reply.header("retry-after", "1");
      return job;
    },
  }),
  defineRoute({
    operations: ["submitJobs"],
    method: "POST",
    url: "/v1/jobs/batch",
    tag,
    description: `Up to ${limits.jobsPerBatch} jobs and ${limits.jsonBodyBytes.toLocaleString("en-US")} bytes. Each is planned, recorded or refused by itself, and its outcome stands in its place: the answer is 200 also where some were refused, or all. Those that are recorded are recorded in one step, durably, before the answer. Rates and quotas count each job. An idempotency key is for all of them: the same body answers with the jobs that were made first, and tries again what was refused.`,
    query: NoQuery,
    headers: IdempotencyHeader,
    body: { contentType: "application/json", schema: JobBatchBody, example: { jobs: [exampleSpec] } },
    responses: { 200: json("What became of each", JobOutcomes) },
    errors: ["timed_out", "too_large", "unsupported_media_type", "idempotency_mismatch"],
    handle: async ({ deps, caller, body, signal, request }) => {
      const idempotencyKey = request.headers["idempotency-key"]?.toString();
      return toOutcomes(await submitJobs(deps, caller, { batch: body, idempotencyKey, signal }), request.id);
    },
  }),
  defineRoute({
    operations: ["planJob"],
    method: "POST",
    url: "/v1/jobs/plan",
    tag,
    description:
      "Everything that a submission checks, and what it would record: the specification with every default filled in, parameters, bytes, FLOPs, steps, warnings. Nothing is stored.",
    query: NoQuery,
    body: { contentType: "application/json", schema: JobSpec, example: exampleSpec },
    responses: { 200: json("The plan", JobValidation) },
    errors: ["timed_out", "too_large", "unsupported_media_type", "unprocessable", "over_limit"],
    handle: async ({ deps, caller, body }) => {
      const { spec, plan } = await planJob(deps, caller, body);
      return { ...plan, spec };
    },
  }),
  defineRoute({
    operations: ["listJobs"],
    method: "GET",
    url: "/v1/jobs",
    tag,
    description: "Newest first.",
    query: JobsQuery,
    responses: { 200: json("A page of jobs", JobPage) },
    errors: [],
    handle: ({ deps, caller, query }) => listJobs(deps, caller, query),
  }),
  defineRoute({
    operations: ["getJob"],
    method: "GET",
    url: "/v1/jobs/:id",
    tag,
    description:
      "`?wait=30` holds the answer back until the job's state changes, for at most that many seconds; with `If-None-Match` only while the job is still as it was.",
    params: IdParams,
    query: JobQuery,
    responses: {
      200: json("The job", Job, { ETag: "for If-None-Match", "Retry-After": "while the job is not done" }),
      304: { description: "Not changed since the ETag in If-None-Match" },
    },
    errors: ["not_found"],
    isLong: ({ query }) => !["0", undefined].includes((query as { wait?: string }).wait),
    handle: async (call) => {
      const { deps, caller, params, query, request, reply } = call;
      const seen = request.headers["if-none-match"];
      const isKnown = (job: Job) => seen === undefined || matches(seen, entityTag(JSON.stringify(job)));
      const wait = query.wait ? { waitSeconds: query.wait, isKnown, signal: call.signal } : {};
      const job = await getJob(deps, caller, { id: params.id ?? "", ...wait });
      if (!job.done) reply.header("retry-after", "1");
      return job;
    },
  }),
  defineRoute({
    operations: ["watchJob"],
    method: "GET",
    url: "/v1/jobs/:id/events",
    tag,
    description:
      "Server-sent events until the job is done: each message's data is a JobEvent, its id resumes the stream (`Last-Event-ID` or `after`); `event: end` follows the last, and nothing else: a connection that closes without it was interrupted, and resuming goes on. An event of the type `events_missing` and without an id says that others are gone (only the newest 1000 are kept), or that this job has none of that id. With `Accept: application/json` a page, as at `…/events/page`. 204 when the stream is resumed after the last event of a finished job, which tells a browser to stop reconnecting.",
    params: IdParams,
    query: WatchQuery,
    headers: z.object({ "last-event-id": z.string().optional().describe("resume after this event") }),
    responses: {
      200: {
        description: "The events",
        content: {
          "text/event-stream": { schema: AnyEvent },
        },
      },
      204: { description: "The job is done and there are no more events" },
    },
    errors: ["not_found"],
    takesToken: true,
    isLong: ({ headers }) => !wantsPage(headers.accept),
    handle: answerEvents({ get: getJob, list: listJobEvents, watch: watchJob }),
  }),
  defineRoute({
    operations: ["listJobEvents"],
    method: "GET",
    url: "/v1/jobs/:id/events/page",
    tag,
    description:
      "Oldest first; the newest 1000 are kept. An event of the type `events_missing` and without an id says that others are gone.",
    params: IdParams,
    query: EventsQuery,
    responses: { 200: json("A page of events", EventPage) },
    errors: ["not_found"],
    handle: ({ deps, caller, params, query }) => listJobEvents(deps, caller, { id: params.id ?? "", ...query }),
  }),
  defineRoute({
    operations: ["listJobMetrics"],
    method: "GET",
    url: "/v1/jobs/:id/metrics",
    tag,
    description: "One point per epoch, and per some steps in long epochs, in growing order of step.",
    params: IdParams,
    query: MetricsQuery,
    responses: { 200: json("A page of the history", MetricsPage) },
    errors: ["not_found"],
    handle: ({ deps, caller, params, query }) => listJobMetrics(deps, caller, { id: params.id ?? "", ...query }),
  }),
  defineRoute({
    operations: ["getJobRows"],
    method: "GET",
    isFile: true,
    url: "/v1/jobs/:id/rows",
    tag,
    description:
      "Where each row of the data set went, a line for each in the file's order: `row` (from 0), `split` (`train`, `validation`, `test`, or `unlabelled` for one that takes no part), and of a cross-validation `fold` (with repeats `fold_1`, …), the fold that holds the row out, from 1; empty for the job's own test rows. A function of the specification and the file: it is there from the submission on, until the data set is deleted.",
    params: IdParams,
    query: NoQuery,
    responses: { 200: { description: "The rows", content: { "text/csv": { schema: z.string() } } } },
    errors: ["not_found", "corrupt"],
    isLong: () => true,
    handle: async ({ deps, caller, params, reply }) => {
      const { job, body } = await getJobRows(deps, caller, { id: params.id ?? "" });
      return reply
        .type("text/csv; charset=utf-8; header=present")
        .header("content-disposition", `attachment; filename="${job.id}-rows.csv"`)
        .send(body);
    },
  }),
  steering("cancelJob", cancelJob, "Idempotent. A running job stops at its next step; a waiting one at once."),
  steering("pauseJob", pauseJob, "Idempotent. A running job writes a checkpoint first."),
  steering("resumeJob", resumeJob, "Idempotent. The job goes back to the queue and on from its checkpoint."),
  defineRoute({
    operations: ["deleteJob"],
    method: "DELETE",
    url: "/v1/jobs/:id",
    tag,
    description: "Only when it is done. Its model stays.",
    params: IdParams,
    query: NoQuery,
    responses: noContent,
    errors: ["not_found", "forbidden_transition"],
    handle: async ({ deps, caller, params, reply }) => {
      await deleteJob(deps, caller, { id: params.id ?? "" });
      reply.code(204);
    },
  }),
];
