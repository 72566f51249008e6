import { Overview } from "../../domain/jobs/overview.ts";
import { getOverview } from "../../usecases/overview/get-overview.ts";
import { NoQuery } from "../openapi/schemas.ts";
import { defineRoute, json, type RestRoute } from "./route.ts";

export const overviewRoutes: readonly RestRoute[] = [
  defineRoute({
    operations: ["getOverview"],
    method: "GET",
    url: "/v1/overview",
    tag: "jobs",
    description: "How many jobs there are in each state, which wait longest, and what room trainers have.",
    query: NoQuery,
    responses: { 200: json("The overview", Overview) },
    errors: [],
    handle: ({ deps, caller }) => getOverview(deps, caller),
  }),
];
