import { CreateToken, EventToken } from "../../../domain/access/event-token.ts";
import { createToken } from "../../../usecases/access/create-token.ts";
import { NoQuery } from "../../openapi/schemas.ts";
import { defineRoute, json, type RestRoute } from "../route.ts";

export const tokenRoutes: readonly RestRoute[] = [
  defineRoute({
    operations: ["createToken"],
    method: "POST",
    url: "/v1/tokens",
    tag: "access",
    description:
      "A token for browsers, whose `EventSource` sends no key: `…/events?token=…` opens the events of the one job or study, for some minutes, and nothing else. It ends with the key that it was made with. Make it on your server, with your key, and hand it to the page.",
    query: NoQuery,
    body: {
      contentType: "application/json",
      schema: CreateToken,
      example: { resource: "job_01J9Z8QF4M3V2K6T5R7W8X9Y0Z", seconds: 300 },
    },
    responses: { 201: json("The token", EventToken) },
    errors: ["not_found", "timed_out", "too_large", "unsupported_media_type"],
    handle: async ({ deps, caller, body, reply }) => {
      reply.code(201);
      return createToken(deps, caller, { body });
    },
  }),
];
