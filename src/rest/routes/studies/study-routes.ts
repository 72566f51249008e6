import { z } from "zod";
import { isObject } from "../../../domain/is-object.ts";
import { Importances, Leaderboard } from "../../../domain/studies/standing.ts";
import { Study } from "../../../domain/studies/study.ts";
import { StudySpec } from "../../../domain/studies/study-spec.ts";
import { cancelStudy } from "../../../usecases/studies/cancel-study.ts";
import { deleteStudy } from "../../../usecases/studies/delete-study.ts";
import { exportTrials } from "../../../usecases/studies/export-trials.ts";
import { getImportances } from "../../../usecases/studies/get-importances.ts";
import { getLeaderboard } from "../../../usecases/studies/get-leaderboard.ts";
import { getStudy } from "../../../usecases/studies/get-study.ts";
import { listStudies } from "../../../usecases/studies/list-studies.ts";
import { listStudyEvents } from "../../../usecases/studies/list-study-events.ts";
import { listTrials } from "../../../usecases/studies/list-trials.ts";
import { pauseStudy } from "../../../usecases/studies/pause-study.ts";
import { validateStudy } from "../../../usecases/studies/planning/validate-study.ts";
import { resumeStudy } from "../../../usecases/studies/resume-study.ts";
import { submitStudy } from "../../../usecases/studies/submit-study.ts";
import { suggestTrial } from "../../../usecases/studies/suggest-trial.ts";
import { watchStudy } from "../../../usecases/studies/watch-study.ts";
import { EventPage, IdParams, NoQuery, PageQuery, SubmitQuery, WatchQuery } from "../../openapi/schemas.ts";
import { StudyPage, StudyValidation, Suggestion, TrialPage } from "../../openapi/study-schemas.ts";
import { answerEvents, wantsPage } from "../job-events.ts";
import { IdempotencyHeader } from "../job-routes.ts";
import { defineRoute, json, noContent, type RestRoute } from "../route.ts";

const tag = "studies";
const ofId = { tag, params: IdParams, query: NoQuery };

const exampleSpec = {
  job: { dataset: "ds_01J9Z8QF4M3V2K6T5R7W8X9Y0Z", task: { type: "classification", label: "species" } },
  space: {
    "/optimizer/learningRate": { min: 0.001, max: 0.1, scale: "log" },
    "/model/hidden": { choices: [[16], [32, 16]] },
  },
  trials: 20,
};

const steering = (
  operation: "cancelStudy" | "pauseStudy" | "resumeStudy",
  run: typeof cancelStudy,
  description: string,
): RestRoute =>
  defineRoute({
    ...ofId,
    operations: [operation],
    method: "POST",
    url: `/v1/studies/:id/${operation.replace("Study", "")}`,
    description,
    responses: { 200: json("The study after it", Study) },
    errors: ["not_found", "forbidden_transition"],
    handle: ({ deps, caller, params }) => run(deps, caller, { id: params.id ?? "" }),
  });

const submission = defineRoute({
  operations: ["submitStudy", "validateStudy"],
  method: "POST",
  url: "/v1/studies",
  tag,
  description:
    "Only `job` is required, and of it `dataset` and `task`; the answer shows the study with every default filled in, the space too. Every corner of the space is planned before the study is recorded: what no job could run is an error at its place. With `validateOnly` nothing is stored.",
  query: SubmitQuery,
  headers: IdempotencyHeader,
  body: { contentType: "application/json", schema: StudySpec, example: exampleSpec },
  responses: {
    200: json("validateOnly: what it would cost", StudyValidation),
    202: json("The study, recorded", Study, {
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
    if (query.validateOnly) return validateStudy(deps, caller, { spec: body });
    const idempotencyKey = request.headers["idempotency-key"]?.toString();
    const { study } = await submitStudy(deps, caller, { spec: body, idempotencyKey });
    reply.code(202).header("location", `/v1/studies/${study.id}`);
    if (!study.done) reply.header("retry-after", "1");
    return study;
  },
});

const reading: readonly RestRoute[] = [
  defineRoute({
    operations: ["listStudies"],
    method: "GET",
    url: "/v1/studies",
    tag,
    description: "Newest first.",
    query: PageQuery,
    responses: { 200: json("A page of studies", StudyPage) },
    errors: [],
    handle: ({ deps, caller, query }) => listStudies(deps, caller, query),
  }),
  defineRoute({
    ...ofId,
    operations: ["getStudy"],
    method: "GET",
    url: "/v1/studies/:id",
    description: "Its best trial so far, and once it is done what that is worth on new rows: `best.corrected`.",
    responses: { 200: json("The study", Study) },
    errors: ["not_found"],
    handle: ({ deps, caller, params }) => getStudy(deps, caller, { id: params.id ?? "" }),
  }),
  defineRoute({
    ...ofId,
    operations: ["listTrials"],
    method: "GET",
    url: "/v1/studies/:id/trials",
    description: "In the order of their numbers. Each names its job, and the results that its proposal saw.",
    query: PageQuery,
    responses: { 200: json("A page of trials", TrialPage) },
    errors: ["not_found"],
    handle: ({ deps, caller, params, query }) => listTrials(deps, caller, { id: params.id ?? "", ...query }),
  }),
  defineRoute({
    ...ofId,
    operations: ["exportTrials"],
    method: "GET",
    isFile: true,
    url: "/v1/studies/:id/trials.csv",
    description:
      "A line for each trial in the order of their numbers, with a column for each pointer of the space; values that are neither numbers nor words are JSON.",
    responses: { 200: { description: "The trials", content: { "text/csv": { schema: z.string() } } } },
    errors: ["not_found"],
    handle: async ({ deps, caller, params, reply }) =>
      reply.type("text/csv; charset=utf-8").send(await exportTrials(deps, caller, { id: params.id ?? "" })),
  }),
  defineRoute({
    ...ofId,
    operations: ["getLeaderboard"],
    method: "GET",
    url: "/v1/studies/:id/leaderboard",
    description: "Succeeded trials, best first, each with its difference from the best over the same validation rows.",
    responses: { 200: json("The leaderboard", Leaderboard) },
    errors: ["not_found"],
    handle: ({ deps, caller, params }) => getLeaderboard(deps, caller, { id: params.id ?? "" }),
  }),
  defineRoute({
    ...ofId,
    operations: ["getImportances"],
    method: "GET",
    url: "/v1/studies/:id/importances",
    description: "By PED-ANOVA: how much the best tenth of the trials differ from all in each parameter.",
    responses: { 200: json("The importances", Importances) },
    errors: ["not_found"],
    handle: ({ deps, caller, params }) => getImportances(deps, caller, { id: params.id ?? "" }),
  }),
  defineRoute({
    ...ofId,
    operations: ["watchStudy", "listStudyEvents"],
    method: "GET",
    url: "/v1/studies/:id/events",
    description: "As the events of a job: server-sent, resumable, or with `Accept: application/json` a page.",
    query: WatchQuery,
    headers: z.object({ "last-event-id": z.string().optional().describe("resume after this event") }),
    responses: {
      200: {
        description: "The events",
        content: {
          "text/event-stream": { schema: z.string().describe("one message per event") },
          "application/json": { schema: EventPage },
        },
      },
      204: { description: "The study is done and there are no more events" },
    },
    errors: ["not_found"],
    takesToken: true,
    isLong: ({ headers }) => !wantsPage(headers.accept),
    handle: answerEvents({ get: getStudy, list: listStudyEvents, watch: watchStudy }),
  }),
];

export const studyRoutes: readonly RestRoute[] = [
  submission,
  ...reading,
  defineRoute({
    ...ofId,
    operations: ["suggestTrial"],
    method: "POST",
    url: "/v1/studies/:id/trials",
    description: "A guess of your own: the next trial that is started has these values.",
    body: {
      contentType: "application/json",
      schema: Suggestion,
      example: { values: { "/optimizer/learningRate": 0.01, "/model/hidden": [16] } },
    },
    responses: { 202: json("The study, whose `guesses` wait", Study) },
    errors: ["not_found", "forbidden_transition", "timed_out", "too_large", "unsupported_media_type", "quota_exceeded"],
    handle: async ({ deps, caller, params, body, reply }) => {
      const values = isObject(body) ? body.values : undefined;
      reply.code(202);
      return suggestTrial(deps, caller, { id: params.id ?? "", values });
    },
  }),
  steering(
    "cancelStudy",
    cancelStudy,
    "Idempotent. No trial is started any more, and those that run or wait are cancelled.",
  ),
  steering(
    "pauseStudy",
    pauseStudy,
    "Idempotent. No trial is started any more, and those that run write a checkpoint.",
  ),
  steering("resumeStudy", resumeStudy, "Idempotent. Its trials go on from their checkpoints."),
  defineRoute({
    ...ofId,
    operations: ["deleteStudy"],
    method: "DELETE",
    url: "/v1/studies/:id",
    description: "Only when it is done. Its jobs and models stay.",
    responses: noContent,
    errors: ["not_found", "forbidden_transition"],
    handle: async ({ deps, caller, params, reply }) => {
      await deleteStudy(deps, caller, { id: params.id ?? "" });
      reply.code(204);
    },
  }),
];
