import { getJobEventFile } from "../../../usecases/event-files/get-job-event-file.ts";
import { getStudyEventFiles } from "../../../usecases/event-files/get-study-event-files.ts";
import { BinaryFile, IdParams, NoQuery } from "../../openapi/schemas.ts";
import { defineRoute, type RestRoute } from "../route.ts";

/** Recorded curves in the format of other tools. */
export const eventFileRoutes: readonly RestRoute[] = [
  defineRoute({
    operations: ["getJobEventFile"],
    method: "GET",
    isFile: true,
    url: "/v1/jobs/:id/tensorboard",
    tag: "jobs",
    description:
      "The job's curves, as far as they are recorded, as an event file of TensorBoard: `loss/train`, `loss/validation`, …, by step; statistics of layers; and the specification for the table of hyper-parameters. Of a cross-validation each fit has its own, `repeat_1/fold_1/loss/train`. Numbers are 32-bit floats there.",
    params: IdParams,
    query: NoQuery,
    responses: {
      200: { description: "The event file", content: { "application/octet-stream": { schema: BinaryFile } } },
    },
    errors: ["not_found"],
    isLong: () => true,
    handle: async ({ deps, caller, params, reply }) => {
      const { name, body } = await getJobEventFile(deps, caller, { id: params.id ?? "" });
      return reply
        .type("application/octet-stream")
        .header("content-disposition", `attachment; filename="${name}"`)
        .send(body);
    },
  }),
  defineRoute({
    operations: ["getStudyEventFiles"],
    method: "GET",
    isFile: true,
    url: "/v1/studies/:id/tensorboard",
    tag: "studies",
    description:
      "A tar archive with a folder for each trial, in it an event file of TensorBoard: the curves of its job, the values that it tried, and `objective`, by which trials are compared. The table of hyper-parameters shows the columns of the study's space.",
    params: IdParams,
    query: NoQuery,
    responses: { 200: { description: "The archive", content: { "application/x-tar": { schema: BinaryFile } } } },
    errors: ["not_found"],
    isLong: () => true,
    handle: async ({ deps, caller, params, reply }) => {
      const { name, body } = await getStudyEventFiles(deps, caller, { id: params.id ?? "" });
      return reply.type("application/x-tar").header("content-disposition", `attachment; filename="${name}"`).send(body);
    },
  }),
];
