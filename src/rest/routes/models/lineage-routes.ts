import { Lineage } from "../../../domain/models/lineage.ts";
import { getModelLineage } from "../../../usecases/models/get-model-lineage.ts";
import { ModelParams, NoQuery } from "../../openapi/schemas.ts";
import { defineRoute, json, type RestRoute } from "../route.ts";

export const lineageRoutes: readonly RestRoute[] = [
  defineRoute({
    operations: ["getModelLineage"],
    method: "GET",
    url: "/v1/models/:id/lineage",
    tag: "models",
    description:
      "A tree in both directions: the models that it started from, with the data sets and jobs that made them, and the models and unfinished jobs that started from it.",
    params: ModelParams,
    query: NoQuery,
    responses: { 200: json("The tree", Lineage) },
    errors: ["not_found"],
    handle: ({ deps, caller, params }) => getModelLineage(deps, caller, { id: params.id ?? "" }),
  }),
];
