import multipart from "@fastify/multipart";
import type { FastifyInstance } from "fastify";
import { ServiceError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Door } from "../rest/door.ts";
import { parseJsonBody } from "../rest/json-body.ts";
import type { Deps } from "../usecases/deps.ts";
import { deleteModel } from "../usecases/models/delete-model.ts";
import { getModel } from "../usecases/models/get-model.ts";
import { listModels } from "../usecases/models/list-models.ts";
import { sendError } from "./errors.ts";
import { fileRoutes } from "./file-routes.ts";
import { jobRoutes } from "./job-routes.ts";
import { type OpenAiRoute, register } from "./route.ts";
import { toList, toModel } from "./wire.ts";

const modelRoutes = (deps: Deps): OpenAiRoute[] => [
  {
    ...{ method: "GET", url: "/models", operation: "listModels" },
    handle: async ({ caller }) => {
      const { items, nextPageToken } = await listModels(deps, caller, { pageSize: limits.pageSize });
      return toList(
        items.map((model) => toModel(model, caller.tenant)),
        nextPageToken !== null,
      );
    },
  },
  {
    ...{ method: "GET", url: "/models/:id", operation: "getModel" },
    handle: async ({ caller, id }) => toModel(await getModel(deps, caller, { id }), caller.tenant),
  },
  {
    ...{ method: "DELETE", url: "/models/:id", operation: "deleteModel" },
    handle: async ({ caller, id }) => {
      await deleteModel(deps, caller, { id });
      return { id, object: "model", deleted: true };
    },
  },
];

/**
 * The part of OpenAI's API that fine-tuning uses, under `/openai/v1`: files are data sets, fine-tuning jobs are jobs, models are
 * models. Thin: each route is a use case, in other words.
 */
export const createOpenAiSurface =
  (deps: Deps) =>
  async (app: FastifyInstance, door: Door): Promise<void> => {
    await app.register(
      async (scope) => {
        scope.setErrorHandler(sendError);
        scope.setNotFoundHandler((request, reply) => {
          const detail = `there is no ${request.method} ${request.url.split("?")[0]}; files, fine_tuning/jobs and models are offered here`;
          return sendError(new ServiceError("not_found", detail), request, reply);
        });
        scope.addContentTypeParser("application/json", parseJsonBody);
        // The store's own limit on a data set comes first, and says so.
        await scope.register(multipart, { limits: { files: 1, fields: 16, fileSize: limits.datasetBytes + 1 } });
        for (const route of [...fileRoutes(deps), ...jobRoutes(deps), ...modelRoutes(deps)])
          register(scope, door, route);
      },
      { prefix: "/openai/v1" },
    );
  };
