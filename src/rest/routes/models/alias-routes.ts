import { z } from "zod";
import { ServiceError } from "../../../domain/errors.ts";
import { Alias, AliasChange, type AliasCondition, PutAliasRequest } from "../../../domain/models/alias.ts";
import { deleteAlias } from "../../../usecases/aliases/delete-alias.ts";
import { getAlias } from "../../../usecases/aliases/get-alias.ts";
import { listAliasHistory } from "../../../usecases/aliases/list-alias-history.ts";
import { listAliases } from "../../../usecases/aliases/list-aliases.ts";
import { putAlias } from "../../../usecases/aliases/put-alias.ts";
import { NoQuery, nextPageToken, PageQuery } from "../../openapi/schemas.ts";
import { defineRoute, json, noContent, type RestCall, type RestRoute } from "../route.ts";

const tag = "aliases";

const NameParams = z.object({ name: z.string().describe("the alias") });
const AliasPage = z
  .object({
    items: z.array(Alias).describe("by name"),
    nextPageToken,
  })
  .meta({ id: "AliasPage", description: "A page of aliases." });
const AliasHistory = z
  .object({ items: z.array(AliasChange).describe("newest first") })
  .meta({ id: "AliasHistory", description: "What an alias named." });

const Conditions = z.object({
  "if-match": z.string().optional().describe("the ETag that it must have, or `*`: it must exist"),
  "if-none-match": z.string().optional().describe("`*`: it must not exist"),
});

/** RFC 9110, 13.1. Of several tags none could be meant: each change has one. */
const conditionOf = ({ headers }: RestCall<unknown>["request"]): AliasCondition => {
  const [match, noneMatch] = [headers["if-match"]?.trim(), headers["if-none-match"]?.trim()];
  if (match === undefined && noneMatch === undefined) return null;
  if (match === undefined && noneMatch === "*") return "absent";
  if (noneMatch === undefined && match === "*") return "present";
  const revision = noneMatch === undefined ? /^"(\d{1,15})"$/.exec(match ?? "")?.[1] : undefined;
  if (revision !== undefined) return Number(revision);
  throw new ServiceError("malformed", 'send If-Match: "<revision>" (the ETag), If-Match: * or If-None-Match: *');
};

const tagged = ({ reply }: RestCall<unknown>, alias: Alias): Alias => {
  reply.header("etag", `"${alias.revision}"`);
  return alias;
};

export const aliasRoutes: readonly RestRoute[] = [
  defineRoute({
    operations: ["putAlias"],
    method: "PUT",
    url: "/v1/aliases/:name",
    tag,
    description:
      "Makes the alias, or moves it in one step. It may stand wherever a model's id may. With `If-Match` only if nobody else moved it meanwhile; with `If-None-Match: *` only if it does not exist.",
    params: NameParams,
    query: NoQuery,
    headers: Conditions,
    body: {
      contentType: "application/json",
      schema: PutAliasRequest,
      example: { model: "mdl_01J9Z8QF4M3V2K6T5R7W8X9Y0Z" },
    },
    responses: {
      200: json("The alias", Alias, { ETag: "its revision, for If-Match" }),
      201: json("The alias, which did not exist", Alias, { ETag: "its revision, for If-Match" }),
    },
    errors: ["not_found", "precondition_failed", "quota_exceeded", "unsupported_media_type", "too_large", "timed_out"],
    handle: async (call) => {
      const { deps, caller, params, body, request, reply } = call;
      const condition = conditionOf(request);
      const { alias, created } = await putAlias(deps, caller, { name: params.name ?? "", body, condition });
      reply.code(created ? 201 : 200);
      return tagged(call, alias);
    },
  }),
  defineRoute({
    operations: ["listAliases"],
    method: "GET",
    url: "/v1/aliases",
    tag,
    description: "By name.",
    query: PageQuery,
    responses: { 200: json("A page of aliases", AliasPage) },
    errors: [],
    handle: ({ deps, caller, query }) => listAliases(deps, caller, query),
  }),
  defineRoute({
    operations: ["getAlias"],
    method: "GET",
    url: "/v1/aliases/:name",
    tag,
    description: "What it names now.",
    params: NameParams,
    query: NoQuery,
    responses: { 200: json("The alias", Alias, { ETag: "its revision, for If-Match" }) },
    errors: ["not_found"],
    handle: async (call) => tagged(call, await getAlias(call.deps, call.caller, { name: call.params.name ?? "" })),
  }),
  defineRoute({
    operations: ["listAliasHistory"],
    method: "GET",
    url: "/v1/aliases/:name/history",
    tag,
    description:
      "What it named, when, and whose key moved it; the last hundred changes. Of a deleted one it is kept for a day.",
    params: NameParams,
    query: NoQuery,
    responses: { 200: json("The changes, newest first", AliasHistory) },
    errors: ["not_found"],
    handle: ({ deps, caller, params }) => listAliasHistory(deps, caller, { name: params.name ?? "" }),
  }),
  defineRoute({
    operations: ["deleteAlias"],
    method: "DELETE",
    url: "/v1/aliases/:name",
    tag,
    description: "The model stays. With `If-Match` only if nobody else moved the alias meanwhile.",
    params: NameParams,
    query: NoQuery,
    headers: Conditions,
    responses: noContent,
    errors: ["not_found", "precondition_failed"],
    handle: async ({ deps, caller, params, request, reply }) => {
      await deleteAlias(deps, caller, { name: params.name ?? "", condition: conditionOf(request) });
      reply.code(204);
    },
  }),
];
