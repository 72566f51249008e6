import { z } from "zod";
import { CreatedKey, CreateKey, PutTenant, RotateKey, Tenant } from "../../../domain/access/tenant.ts";
import { AuditEntry, Usage } from "../../../domain/access/usage.ts";
import { createKey } from "../../../usecases/access/create-key.ts";
import { getTenant } from "../../../usecases/access/get-tenant.ts";
import { getUsage } from "../../../usecases/access/get-usage.ts";
import { listAudit } from "../../../usecases/access/list-audit.ts";
import { listTenants } from "../../../usecases/access/list-tenants.ts";
import { putTenant } from "../../../usecases/access/put-tenant.ts";
import { revokeKey } from "../../../usecases/access/revoke-key.ts";
import { rotateKey } from "../../../usecases/access/rotate-key.ts";
import { NoQuery, nextPageToken, PageQuery } from "../../openapi/schemas.ts";
import { defineRoute, json, noContent, type RestRoute } from "../route.ts";

const tag = "access";
const TenantParams = z.object({ id: z.string().describe("the tenant's id") });
const KeyParams = TenantParams.extend({ key: z.string().describe("the key's id") });

const TenantPage = z
  .object({ items: z.array(Tenant).describe("by id"), nextPageToken })
  .meta({ id: "TenantPage", description: "A page of tenants." });
const AuditPage = z
  .object({ items: z.array(AuditEntry).describe("newest first"), nextPageToken })
  .meta({ id: "AuditPage", description: "A page of the audit log." });
const UsageQuery = z.strictObject({
  from: z.string().optional().describe("the first day of UTC, as 2026-01-31; left out: 29 days before the last"),
  to: z.string().optional().describe("the last day; left out: today"),
});

const bodyErrors = ["timed_out", "too_large", "unsupported_media_type"] as const;

export const tenantRoutes: readonly RestRoute[] = [
  defineRoute({
    ...{ operations: ["listTenants"], method: "GET", url: "/v1/tenants", tag },
    description: "Those that were recorded here, by id.",
    query: PageQuery,
    responses: { 200: json("A page of tenants", TenantPage) },
    errors: [],
    handle: ({ deps, caller, query }) => listTenants(deps, caller, query),
  }),
  defineRoute({
    ...{ operations: ["putTenant"], method: "PUT", url: "/v1/tenants/:id", tag },
    description:
      "Records a tenant, or replaces what it may. Its keys and its resources stay. What is left out is as the service has it.",
    params: TenantParams,
    query: NoQuery,
    body: {
      contentType: "application/json",
      schema: PutTenant,
      example: { quotas: { queuedJobs: 100, runningJobs: 4 }, rates: { predict: { perSecond: 500, burst: 1000 } } },
    },
    responses: { 200: json("The tenant", Tenant) },
    errors: ["precondition_failed", ...bodyErrors],
    handle: ({ deps, caller, params, body }) => putTenant(deps, caller, { id: params.id ?? "", body }),
  }),
  defineRoute({
    ...{ operations: ["getTenant"], method: "GET", url: "/v1/tenants/:id", tag },
    description: "With the keys that were made here, without their secrets.",
    params: TenantParams,
    query: NoQuery,
    responses: { 200: json("The tenant", Tenant) },
    errors: ["not_found"],
    handle: ({ deps, caller, params }) => getTenant(deps, caller, { id: params.id ?? "" }),
  }),
  defineRoute({
    ...{ operations: ["createKey"], method: "POST", url: "/v1/tenants/:id/keys", tag },
    description: "Its secret is shown in this answer and never again.",
    params: TenantParams,
    query: NoQuery,
    body: {
      contentType: "application/json",
      schema: CreateKey,
      example: { id: "backend", scopes: ["read", "submit"] },
    },
    responses: { 201: json("The key with its secret", CreatedKey) },
    errors: ["not_found", "unprocessable", "quota_exceeded", "precondition_failed", ...bodyErrors],
    handle: async ({ deps, caller, params, body, reply }) => {
      reply.code(201).header("cache-control", "no-store");
      return createKey(deps, caller, { tenant: params.id ?? "", body });
    },
  }),
  defineRoute({
    ...{ operations: ["rotateKey"], method: "POST", url: "/v1/tenants/:id/keys/:key/rotate", tag },
    description:
      "A new secret under the same id; the one before opens for the overlap, so that nothing stands still while it is replaced.",
    params: KeyParams,
    query: NoQuery,
    body: { contentType: "application/json", schema: RotateKey, example: { overlapSeconds: 3600 } },
    responses: { 201: json("The key with its new secret", CreatedKey) },
    errors: ["not_found", "unprocessable", "precondition_failed", ...bodyErrors],
    handle: async ({ deps, caller, params, body, reply }) => {
      reply.code(201).header("cache-control", "no-store");
      return rotateKey(deps, caller, { tenant: params.id ?? "", id: params.key ?? "", body });
    },
  }),
  defineRoute({
    ...{ operations: ["revokeKey"], method: "DELETE", url: "/v1/tenants/:id/keys/:key", tag },
    description: "From the next request on the key opens nothing, over all API processes.",
    params: KeyParams,
    query: NoQuery,
    responses: noContent,
    errors: ["not_found", "precondition_failed"],
    handle: async ({ deps, caller, params, reply }) => {
      await revokeKey(deps, caller, { tenant: params.id ?? "", id: params.key ?? "" });
      reply.code(204);
    },
  }),
  defineRoute({
    ...{ operations: ["getUsage"], method: "GET", url: "/v1/tenants/:id/usage", tag },
    description:
      "For billing: what a tenant used on each day of UTC, kept for 400 days. Also of a tenant without a record here.",
    params: TenantParams,
    query: UsageQuery,
    responses: { 200: json("What it used", Usage) },
    errors: ["not_found"],
    handle: ({ deps, caller, params, query }) => getUsage(deps, caller, { id: params.id ?? "", ...query }),
  }),
  defineRoute({
    ...{ operations: ["listAudit"], method: "GET", url: "/v1/audit", tag },
    description:
      "Who changed what, or tried to, of all tenants, newest first; requests that only look are not noted. The newest 100,000 or so are kept.",
    query: PageQuery,
    responses: { 200: json("A page of entries", AuditPage) },
    errors: [],
    handle: ({ deps, caller, query }) => listAudit(deps, caller, query),
  }),
];
